import { Component, xml } from "@odoo/owl";

import { registry } from "@web/core/registry";
import { WithSearch } from "@web/search/with_search/with_search";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

import { Desk } from "./desk";

/** The desk with Odoo's search around it: filters, favourites and all. */
export class DeskAction extends Component {
    static template = xml`<WithSearch t-props="searchProps" t-slot-scope="search"><Desk t-props="deskProps"/></WithSearch>`;
    static components = { Desk, WithSearch };
    static props = { ...standardActionServiceProps };

    get searchProps() {
        return {
            context: {},
            globalState: this.props.globalState,
            loadIrFilters: true,
            resModel: "whatsapp.cs.conversation",
            searchMenuTypes: ["filter", "favorite"],
            searchViewId: false,
        };
    }

    get deskProps() {
        const { action, updateActionState } = this.props;
        return { activeId: action.context?.active_id ?? action.params?.active_id, updateActionState };
    }
}

registry.category("actions").add("whatsapp_cs.desk", DeskAction);
