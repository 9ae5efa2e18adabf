from odoo import fields, models


class WhatsappCsChannel(models.Model):
    """How much automation a number's customers get (AR6)."""

    _inherit = "whatsapp.cs.channel"  # pylint: disable=consider-merging-classes-inherited

    automation_cap = fields.Integer(
        "Automatic Messages in 24 Hours",
        default=3,
        required=True,
        help="A customer gets at most so many that they have not chosen; then a person takes over.",
    )
    automation_gap_hours = fields.Integer(
        "Same Answer Again After (Hours)",
        default=6,
        required=True,
        help="One rule answers the same customer once in this time; who asks again is answered by a person.",
    )
    automation_rest_hours = fields.Integer(
        "Rest After a Person (Hours)",
        default=12,
        required=True,
        help="When a person has answered, automation keeps quiet in this conversation for so long.",
    )
    person_label = fields.Char(
        "Button to a Person",
        translate=True,
        required=True,
        default=lambda self: self.env._("Talk to a person"),
        help="At most 20 characters. The button is under every automatic message but the first.",
    )

    _automation_cap_bounds = models.Constraint(
        "CHECK(automation_cap BETWEEN 1 AND 10)", "A customer can get 1 to 10 automatic messages in 24 hours."
    )
    _automation_gap_hours_bounds = models.Constraint(
        "CHECK(automation_gap_hours BETWEEN 1 AND 168)", "The same answer can be given again after 1 to 168 hours."
    )
    _automation_rest_hours_bounds = models.Constraint(
        "CHECK(automation_rest_hours BETWEEN 1 AND 72)", "Automation can rest for 1 to 72 hours."
    )
