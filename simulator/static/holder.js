/** The card beside the phone that says whose phone this is. */
import { h } from "./dom.js";
import { country, handle, language } from "./format.js";
import { avatar } from "./customers.js";

const HIDDEN_NOTE = "The business does not see this customer’s number, only the username and an id.";

const fact = (name, value) => (value ? h("div", {}, h("dt", { text: name }), h("dd", {}, h("bdi", { text: value }))) : null);

/** `onPreference("stop" | "resume")`: the customer's choice about offers. */
export function renderHolder(root, customer, number, { onPreference }) {
    const stopped = customer.marketing_stopped?.includes(number.phone_number_id);
    const place = country(customer.country);
    root.replaceChildren(
        h("p", { class: "eyebrow", text: "You are holding the phone of" }),
        h("div", { class: "holder-who" }, avatar(customer), h("h2", { dir: "auto", text: customer.name })),
        h(
            "dl",
            {},
            fact(customer.wa_id ? "Number" : "Username", handle(customer)),
            customer.wa_id && customer.username ? fact("Username", `@${customer.username.replace(/^@/, "")}`) : null,
            fact("Country", `${place.flag} ${place.name}`.trim()),
            fact("Language", language(customer.language)),
            fact("Writes to", number.verified_name),
            fact("Offers", stopped ? "Stopped" : null)
        ),
        ...(customer.wa_id ? [] : [h("p", { class: "holder-note", text: HIDDEN_NOTE })]),
        h("button", {
            type: "button",
            class: "holder-button",
            text: stopped ? "Resume offers" : "Stop offers",
            title: stopped ? "Receive marketing messages of this business again" : "Receive no more marketing messages of this business",
            dataset: { testid: "preference" },
            on: { click: () => onPreference(stopped ? "resume" : "stop") },
        }),
        h(
            "ul",
            { class: "keys", "aria-label": "Keys" },
            h("li", {}, h("kbd", { text: "Enter" }), " sends"),
            h("li", {}, h("kbd", { text: "Shift" }), " ", h("kbd", { text: "Enter" }), " new line"),
            h("li", {}, h("kbd", { text: "*bold*" }), " ", h("kbd", { text: "_italic_" }))
        )
    );
}
