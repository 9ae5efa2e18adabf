import { Component, onWillStart, onWillUpdateProps, useState } from "@odoo/owl";

import { useService } from "@web/core/utils/hooks";

/** Says beside the composer what the message will probably cost, and as what WhatsApp counts it. */
export class SendPrice extends Component {
    static template = "whatsapp_cs.SendPrice";
    static props = ["thread"];

    setup() {
        this.orm = useService("orm");
        this.state = useState({ price: undefined });
        onWillStart(() => {
            this.load(this.props.thread); // not awaited: writing must not wait for a price
        });
        onWillUpdateProps((nextProps) => {
            if (nextProps.thread.notEq(this.props.thread)) {
                this.state.price = undefined;
                this.load(nextProps.thread);
            }
        });
    }

    async load(thread) {
        const price = await this.orm.silent
            .call("discuss.channel", "whatsapp_cs_get_price", [[thread.id]])
            .catch(() => undefined); // sending says what is wrong
        if (this.props.thread.eq(thread)) {
            this.state.price = price;
        }
    }
}
