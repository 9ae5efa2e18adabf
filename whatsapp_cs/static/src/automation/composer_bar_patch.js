import { ComposerBar } from "@whatsapp_cs/core/common/composer_bar";

import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";
import { patch } from "@web/core/utils/patch";

const { DateTime } = luxon;

/** Says that automation keeps quiet, until when and why. */
patch(ComposerBar.prototype, {
    get restText() {
        const until = this.thread.whatsapp_cs_rest_until;
        if (!this.thread.isWhatsappCsAutomationResting) {
            return "";
        }
        return until
            ? _t("Automation rests until %(time)s", {
                  time: until.toLocaleString(DateTime.TIME_SIMPLE, { locale: user.lang }),
              })
            : _t("Automation is off");
    },
    get restTitle() {
        return {
            human: _t("An agent has answered."),
            handed_over: _t("A person was asked for."),
            switch: _t("Somebody has switched it off."),
        }[this.thread.whatsapp_cs_rest_reason];
    },
});
