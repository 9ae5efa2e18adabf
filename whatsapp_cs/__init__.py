from . import controllers, models, report, wizard


def uninstall_hook(env):
    """Remove what other modules have noted, in their own names, about our models that use their mixins.

    Odoo leaves such external ids behind, for ever and without the records they name.
    """
    names = [("name", "=like", r"%\_\_whatsapp\_cs\_%"), ("module", "not =like", "whatsapp_cs%")]
    env["whatsapp.cs.audit"]._drop_guard()
    env["ir.model.data"].search([("model", "in", ("ir.model.fields.selection", "ir.model.inherit")), *names]).unlink()
