"""A database in which much has happened already: a year of messages, made by SQL out of one that really came in."""

CONTACTS = 50_000
OPEN = 2_000  # of them have an open conversation, all others a resolved one
FIRST = 10_000_000  # the first one's index as a customer, see traffic.get_number
OF_MESSAGES = ("mail_message", "whatsapp_cs_message", "whatsapp_cs_event")  # as many rows as messages

TEMPLATES = """
SELECT message.id AS whatsapp_cs_message, message.mail_message_id AS mail_message, conversation.id AS whatsapp_cs_conversation,
       contact.id AS whatsapp_cs_contact, contact.partner_id AS res_partner, contact.discuss_channel_id AS discuss_channel,
       conversation.lead_id AS crm_lead, (SELECT min(id) FROM whatsapp_cs_event WHERE state = 'done') AS whatsapp_cs_event
  FROM whatsapp_cs_message message
  JOIN whatsapp_cs_conversation conversation ON conversation.id = message.conversation_id
  JOIN whatsapp_cs_contact contact ON contact.id = message.contact_id
 WHERE conversation.lead_id IS NOT NULL
 ORDER BY message.id LIMIT 1
"""


def fill(stack, messages):
    """Add ``messages`` messages of ``CONTACTS`` people, with all that belongs to them, in the likeness of the first one."""
    [(templates,)] = stack.query(f"SELECT to_jsonb(found) FROM ({TEMPLATES}) AS found")
    counts = {table: messages if table in OF_MESSAGES else CONTACTS for table in templates}
    base = {table: reserve_ids(stack, table, count) for table, count in counts.items()}

    def copy(table, **values):
        """Copy the template row, so that whatever columns there are have plausible values.

        ``values`` are SQL expressions over ``n``, the number of the copy from 1.
        """
        rows = stack.query(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'", table
        )
        values["id"] = f"{base[table]} + n"
        chosen = {name: values.get(name, f'template."{name}"') for (name,) in rows}
        stack.query(
            f"""
            INSERT INTO {table} ({", ".join(f'"{name}"' for name in chosen)})
            SELECT {", ".join(chosen.values())} FROM {table} template, generate_series(1, {counts[table]}) n
             WHERE template.id = {templates[table]}
            """
        )

    def own(table):
        """The id of the same person's row."""
        return f"{base[table]} + n"

    def one_of(table):
        """The same in a table of messages, of which everybody wrote many."""
        return f"{base[table]} + 1 + (n - 1) % {CONTACTS}"

    number = f"'4477' || ({FIRST} + n - 1)"
    name = "'Stored ' || n"
    is_open = f"n <= {OPEN}"
    days_ago = "now() AT TIME ZONE 'UTC' - interval '2 days'"
    age = f"now() AT TIME ZONE 'UTC' - interval '1 year' * (1 - n / {messages}::float)"

    copy("res_partner", name=name, complete_name=name, commercial_partner_id=own("res_partner"),
         phone=f"'+' || {number}", phone_sanitized=f"'+' || {number}")  # fmt: skip
    copy("whatsapp_cs_contact", name=name, profile_name=name, wa_id=number, partner_id=own("res_partner"),
         meta_user_id=f"'GB.77' || ({FIRST} + n - 1)", discuss_channel_id="NULL")  # fmt: skip
    copy("crm_lead", name=name, partner_id=own("res_partner"))
    copy("whatsapp_cs_conversation", contact_id=own("whatsapp_cs_contact"), partner_id=own("res_partner"),
         lead_id=own("crm_lead"), state=f"CASE WHEN {is_open} THEN 'queued' ELSE 'resolved' END",
         resolved_date=f"CASE WHEN {is_open} THEN NULL ELSE {days_ago} END",
         unanswered_date=f"CASE WHEN {is_open} THEN {days_ago} END")  # fmt: skip
    copy("discuss_channel", name=name, uuid="substr(md5('stored' || n), 1, 10)",
         whatsapp_cs_contact_id=own("whatsapp_cs_contact"), whatsapp_cs_conversation_id=own("whatsapp_cs_conversation"))  # fmt: skip
    stack.query(
        f"""
        UPDATE whatsapp_cs_contact SET discuss_channel_id = id - {base["whatsapp_cs_contact"]} + {base["discuss_channel"]}
         WHERE id > {base["whatsapp_cs_contact"]}
        """
    )
    copy("mail_message", res_id=one_of("discuss_channel"), author_id=one_of("res_partner"), date=age,
         create_date=age, message_id="'<stored-' || n || '@bench>'")  # fmt: skip
    copy("whatsapp_cs_message", contact_id=one_of("whatsapp_cs_contact"), wamid="'wamid.stored' || n",
         conversation_id=one_of("whatsapp_cs_conversation"), mail_message_id=own("mail_message"), date=age,
         create_date=age)  # fmt: skip
    copy("whatsapp_cs_event", body_hash="md5('stored' || n) || md5(n::text)", create_date=age,
         state_date=age)  # fmt: skip
    for table in templates:
        stack.query(f"VACUUM ANALYZE {table}")


def reserve_ids(stack, table, count):
    """Return the id before the first of ``count`` ids, which Odoo will not give to rows of its own meanwhile."""
    sequence = f"{table}_id_seq"
    [(last,)] = stack.query(f"SELECT setval('{sequence}', nextval('{sequence}') + {count})")
    return last - count
