"""What smart buttons show: how many records name this one, and the list of them."""


def count_by(records, model_name, field_name):
    """Return ``{record: count}`` of the records of a model that name it in a field; who is not named is left out."""
    groups = records.env[model_name]._read_group([(field_name, "in", records.ids)], [field_name], ["__count"])
    return dict(groups)


def get_list_action(records, xml_name, field_name):
    """Return one of our actions (its XML id without the module), for what names ``records`` in a field."""
    action = records.env["ir.actions.act_window"]._for_xml_id(f"whatsapp_cs.{xml_name}")
    return {**action, "domain": [(field_name, "in", records.ids)], "context": {}}
