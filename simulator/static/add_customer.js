/** The dialog that adds a customer. */
import { h, iconButton } from "./dom.js";

function field(label, hint, input) {
    return h("label", { class: "field" }, h("span", { text: label }), input, h("small", { text: hint }));
}

function choice(value, title, text, checked) {
    return h(
        "label",
        { class: "choice" },
        h("input", { type: "radio", name: "visibility", value, checked }),
        h("span", {}, h("b", { text: title }), h("small", { text }))
    );
}

/** What is wrong with the input, as a sentence with the field it is about; null when all is well. */
function findProblem({ name, hidden, digits, username }, inputs) {
    if (!name) {
        return { input: inputs.name, text: "Give the customer a name." };
    }
    if (!hidden && !/^[1-9]\d{6,14}$/.test(digits)) {
        return { input: inputs.number, text: "Write the number with its country code: 7 to 15 digits, such as +91 98765 43210." };
    }
    if (hidden && !/^[A-Za-z0-9._]{3,35}$/.test(username)) {
        return { input: inputs.username, text: "A username has 3 to 35 letters (a–z), digits, dots or underscores." };
    }
    return null;
}

/** Open the dialog; `onSubmit(values)` may throw an error, which is shown and leaves it open. */
export function openAddCustomer(onSubmit) {
    const inputs = {
        name: h("input", { name: "name", autocomplete: "off", dir: "auto", maxlength: "80", placeholder: "Asha Rao", dataset: { testid: "customer-name" } }),
        number: h("input", { name: "wa_id", type: "tel", autocomplete: "off", placeholder: "+91 98765 43210", dataset: { testid: "customer-number" } }),
        username: h("input", { name: "username", autocomplete: "off", autocapitalize: "off", spellcheck: "false", placeholder: "asha.rao", dataset: { testid: "customer-username" } }),
    };
    const numberField = field("Phone number", "With country code. A made-up one is fine: nothing leaves this simulator.", inputs.number);
    const usernameField = field("Username", "What the business sees instead of the number.", inputs.username);
    const error = h("p", { class: "form-error", role: "alert", hidden: true });
    const submit = h("button", { type: "submit", class: "primary", text: "Add customer" });
    const visible = choice("number", "Shows the number", "The business sees and can call it.", true);
    const hidden = choice("username", "Hides the number", "The business only sees a username.", false);
    const isHidden = () => hidden.querySelector("input").checked;
    const update = () => {
        numberField.hidden = isHidden();
        usernameField.hidden = !isHidden();
        error.hidden = true;
    };
    const showError = (text, input) => {
        error.textContent = text;
        error.hidden = false;
        input?.focus();
    };
    const form = h(
        "form",
        { novalidate: true },
        h("header", {}, h("h2", { id: "add-title", text: "Add customer" }), iconButton("close", "Close", () => dialog.close())),
        field("Name", "The profile name, in any language.", inputs.name),
        h("fieldset", {}, h("legend", { text: "How the business sees them" }), visible, hidden),
        numberField,
        usernameField,
        error,
        h("footer", {}, h("button", { type: "button", class: "plain", text: "Cancel", on: { click: () => dialog.close() } }), submit)
    );
    const dialog = h("dialog", { class: "dialog", "aria-labelledby": "add-title" }, form);
    // "input", not "change": that one comes when a field is left by a click, and the shift would miss its target
    form.addEventListener("input", update);
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const entered = {
            name: inputs.name.value.trim(),
            hidden: isHidden(),
            digits: inputs.number.value.replace(/[\s().+-]/g, ""),
            username: inputs.username.value.trim().replace(/^@/, ""),
        };
        const problem = findProblem(entered, inputs);
        if (problem) {
            showError(problem.text, problem.input);
            return;
        }
        const identity = entered.hidden ? { username: entered.username } : { wa_id: entered.digits };
        submit.disabled = true;
        try {
            await onSubmit({ name: entered.name, ...identity, hide_number: entered.hidden });
            dialog.close();
        } catch (failure) {
            showError(failure.message);
        } finally {
            submit.disabled = false;
        }
    });
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    update();
    dialog.showModal();
    inputs.name.focus();
}
