import { Component } from "@odoo/owl";

/** A reply as the phone shows it: bubble, buttons, files. */
export class PhoneReply extends Component {
    static template = "whatsapp_cs.PhoneReply";
    static props = {
        text: String,
        buttons: { type: Array, element: String, optional: true },
        rows: { type: Array, element: String, optional: true },
        files: { type: Array, element: String, optional: true },
    };
    static defaultProps = { buttons: [], rows: [], files: [] };
}
