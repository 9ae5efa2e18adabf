from odoo import fields, models


class WhatsappCsChannel(models.Model):
    """How customers of a number are asked for their opinion."""

    _inherit = "whatsapp.cs.channel"  # pylint: disable=consider-merging-classes-inherited

    asks_rating = fields.Boolean(
        "Ask Customers How It Was",
        help="Once after each conversation was resolved, while free text can be sent; later only by a template.",
    )
    rating_kind = fields.Selection(
        [("stars", "List: 1 to 5 stars"), ("emoji", "List: five faces"), ("buttons", "Three buttons")],
        "Asked With",
        default="stars",
        required=True,
    )
    rating_text = fields.Char(
        "Question",
        translate=True,
        required=True,
        default=lambda self: self.env._("We have closed your request. How was our service?"),
    )
    rating_delay_minutes = fields.Integer("Asked After (Minutes)", default=5, help="Of resolving.")
    rating_reminder_hours = fields.Integer(
        "Reminded After (Hours)", default=4, help="Once, when the customer has written nothing since. 0: never."
    )
    rating_comment_text = fields.Char(
        "Question for a Comment",
        translate=True,
        default=lambda self: self.env._("Thank you! Would you like to tell us more?"),
        help="Asked after the rating, with the buttons “Write a comment” and “No, thank you”. Empty: not asked.",
    )

    _rating_times = models.Constraint(
        "CHECK(rating_delay_minutes BETWEEN 0 AND 1380 AND rating_reminder_hours BETWEEN 0 AND 23)",
        "The window closes after 24 hours: ask at most 1,380 minutes, and remind at most 23 hours, afterwards.",
    )
