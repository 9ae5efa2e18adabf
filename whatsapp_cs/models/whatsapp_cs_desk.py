from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL, OrderedSet

from .whatsapp_cs_conversation import GROUP_EDITOR

PAGE_SIZE = 60  # conversations of the list that are loaded at once
PREVIEW_LENGTH = 120  # characters of the last message in the list

WAITING_ORDER = "unanswered_date, last_message_date desc, id desc"  # the longest waiting first, who does not wait last
NEWEST_ORDER = "last_message_date desc, id desc"


class Tab(NamedTuple):
    """One list of the desk: which conversations, and in which order."""

    name: str
    domain: fields.Domain
    is_counted: bool = True
    order: str = NEWEST_ORDER


class WhatsappCsConversation(models.Model):
    """The desk's list: which conversations are in which tab, page by page, and how screens learn of changes (CO7).

    Screens are told which conversations have changed, never what is in them: each asks for what its user may see.
    """

    _inherit = "whatsapp.cs.conversation"  # pylint: disable=consider-merging-classes-inherited

    has_unread = fields.Boolean(
        compute="_compute_has_unread", search="_search_has_unread", help="You have not read everything in it."
    )

    @api.depends_context("uid")
    def _compute_has_unread(self):
        unread = self._get_desk_unread()
        for conversation in self:
            conversation.has_unread = bool(unread.get(conversation.discuss_channel_id))

    def _search_has_unread(self, operator, value):
        if operator != "in":
            return NotImplemented
        threads = self._get_desk_unread_members().channel_id
        return [("contact_id.discuss_channel_id", "in" if True in value else "not in", threads.ids)]

    # === BUTTONS === #

    def action_open_desk(self):
        """Open the desk with this conversation."""
        self.ensure_one()
        action = self.env["ir.actions.client"]._for_xml_id("whatsapp_cs.whatsapp_cs_desk_action")
        return {**action, "context": {"active_id": f"conversation_{self.id}"}}

    # === CALLED BY THE CLIENT === #

    @api.model
    def get_desk(self):
        """Return what the desk needs to begin: its tabs with their counts, and whether there are several numbers."""
        self.check_access("read")
        return {
            "tabs": self._get_desk_counts(),
            "shows_channel": self.env["whatsapp.cs.channel"].search_count([], limit=2) > 1,
        }

    @api.model
    def get_desk_page(self, tab, domain=None, after=None):
        """Return the next conversations of a tab: ``{rows, after}``; without ``after`` there are no more.

        :param domain: what is searched for beside
        :param after: as the page before returned it; a page begins where that one ended, whatever has come meanwhile
        """
        chosen = self._get_desk_tab(tab)
        page_domain = chosen.domain & fields.Domain(domain or fields.Domain.TRUE)
        if after:
            page_domain &= self._get_desk_after(chosen.order, *after)
        conversations = self.search(page_domain, order=chosen.order, limit=PAGE_SIZE)
        return {
            "rows": conversations._prepare_desk_rows(),
            "after": len(conversations) == PAGE_SIZE and conversations[-1]._get_desk_position(),
        }

    @api.model
    def get_desk_changes(self, tab, conversation_ids, domain=None):
        """Return those of the conversations that are in the tab now, as rows, and what all tabs count now.

        Those that are not returned have left the tab, or may not be seen any more.
        """
        chosen = self._get_desk_tab(tab)
        found = self.search(
            fields.Domain("id", "in", conversation_ids) & chosen.domain & fields.Domain(domain or fields.Domain.TRUE)
        )
        return {"rows": found._prepare_desk_rows(), "tabs": self._get_desk_counts()}

    # === TABS === #

    @api.model
    def _get_desk_tabs(self):
        """Return ``{key: Tab}`` of the user, in their order; extend it to add a list to the desk."""
        is_open = fields.Domain("state", "not in", ("resolved", "spam"))
        tabs = {
            "mine": Tab(
                self.env._("Mine"),
                fields.Domain([("user_id", "=", self.env.uid), ("state", "in", ("assigned", "waiting"))]),
                order=WAITING_ORDER,
            ),
            "queue": Tab(self.env._("Queue"), self._get_desk_queue_domain(), order=WAITING_ORDER),
        }
        if self.env.user.has_group(GROUP_EDITOR):
            tabs["all"] = Tab(self.env._("All"), is_open, order=WAITING_ORDER)
        tabs["waiting"] = Tab(self.env._("Waiting for customer"), fields.Domain("state", "=", "waiting"))
        tabs["snoozed"] = Tab(self.env._("Snoozed"), fields.Domain("state", "=", "snoozed"))
        tabs["resolved"] = Tab(self.env._("Resolved"), fields.Domain("state", "=", "resolved"), is_counted=False)
        return tabs

    @api.model
    def _get_desk_queue_domain(self):
        """Return who waits in the queues of the user's teams, and in the queue of all."""
        teams = self.env.user._whatsapp_cs_get_queue_teams()
        return fields.Domain([("state", "=", "queued"), ("team_id", "in", [False, *teams.ids])])

    @api.model
    def _get_desk_tab(self, key):
        tabs = self._get_desk_tabs()
        return tabs.get(key) or tabs["mine"]  # the link of an editor, opened by an agent

    @api.model
    def _get_desk_counts(self):
        """Return the tabs with how many are in each, how many customers wait, and since when the longest."""
        counted = []
        for key, tab in self._get_desk_tabs().items():
            count, unanswered, since = 0, 0, False
            if tab.is_counted:
                aggregates = ["__count", "unanswered_date:count", "unanswered_date:min"]
                [(count, unanswered, since)] = self._read_group(tab.domain, [], aggregates)
            counted.append(
                {
                    "id": key,
                    "name": tab.name,
                    "count": count,
                    "is_by_waiting": tab.order == WAITING_ORDER,
                    "is_counted": tab.is_counted,
                    "unanswered": unanswered,
                    "since": fields.Datetime.to_string(since),
                    "unread": self._count_desk_unread() if key == "mine" else 0,
                }
            )
        return counted

    @api.model
    def _count_desk_unread(self):
        """Return how many of the user's own conversations have messages the user has not read."""
        return len(self._get_desk_unread_members())

    @api.model
    def _get_desk_unread_members(self):
        members = self.env["discuss.channel.member"].search(
            [("is_self", "=", True), ("channel_id.channel_type", "=", "whatsapp_cs")]
        )
        return members.filtered("message_unread_counter")

    def _get_desk_position(self):
        """Return where in the list a conversation stands, as ``_get_desk_after`` takes it."""
        dates = (self.unanswered_date, self.last_message_date)
        return [*map(fields.Datetime.to_string, dates), self.id]

    @api.model
    def _get_desk_after(self, order, unanswered_date, last_message_date, last_id):
        """Return the domain of what comes behind a conversation in ``order``."""
        Domain = fields.Domain
        # PostgreSQL: without a date comes first where the order is descending, last where it is ascending.
        same_date = Domain("last_message_date", "=", last_message_date) & Domain("id", "<", last_id)
        earlier = Domain("last_message_date", "<" if last_message_date else "!=", last_message_date)
        behind = earlier | same_date
        if order == NEWEST_ORDER:
            return behind
        behind &= Domain("unanswered_date", "=", unanswered_date)
        if not unanswered_date:
            return behind
        return behind | Domain("unanswered_date", ">", unanswered_date) | Domain("unanswered_date", "=", False)

    # === ROWS === #

    def _prepare_desk_rows(self):
        """Return what the list shows of each conversation, in order; extend it to show more."""
        previews, unanswered, unread = (
            self._get_desk_previews(),
            self._count_desk_unanswered(),
            self._get_desk_unread(),
        )
        return [
            {
                "id": conversation.id,
                "thread_id": conversation.discuss_channel_id.id,
                "contact_id": conversation.contact_id.id,
                "name": conversation.contact_id.name,
                "partner_id": conversation.partner_id.id,
                "state": conversation.state,
                "user": {"id": conversation.user_id.id, "name": conversation.user_id.name}
                if conversation.user_id
                else False,
                "unanswered_date": fields.Datetime.to_string(conversation.unanswered_date),
                "last_message_date": fields.Datetime.to_string(conversation.last_message_date),
                "window_end_date": fields.Datetime.to_string(conversation.window_end_date),
                "channel": conversation.channel_id.name,
                "team": conversation.team_id.name,
                "tags": [{"id": tag.id, "name": tag.name, "color": tag.color} for tag in conversation.tag_ids],
                "priority": int(conversation.priority or 0),
                "preview": previews.get(conversation),
                "unanswered": unanswered.get(conversation.id, 0),
                "unread": unread.get(conversation.discuss_channel_id, 0),
            }
            for conversation in self
        ]

    def _get_desk_previews(self):
        """Return ``{conversation: {text, type, is_out}}`` of the last message of each."""
        Message = self.env["whatsapp.cs.message"]
        domain = [("conversation_id", "in", self.ids), ("message_type", "not in", ("system", "reaction"))]
        newest = [message_id for _case, message_id in Message._read_group(domain, ["conversation_id"], ["id:max"])]
        return {message.conversation_id: message._prepare_desk_preview() for message in Message.browse(newest)}

    def _count_desk_unanswered(self):
        """Return ``{id: number}`` of messages nobody has answered yet."""
        self.env.flush_all()
        query = SQL(
            """
            SELECT conversation.id, COUNT(*)
              FROM whatsapp_cs_conversation conversation
              JOIN whatsapp_cs_message message ON message.conversation_id = conversation.id
               AND message.direction = 'in' AND message.date >= conversation.unanswered_date
             WHERE conversation.id = ANY(%s)
             GROUP BY conversation.id
            """,
            self.ids,
        )
        return dict(self.env.execute_query(query))

    def _get_desk_unread(self):
        """Return ``{thread: number}`` of messages the user has not read in the own conversations."""
        members = self.env["discuss.channel.member"].search(
            [("is_self", "=", True), ("channel_id", "in", self.discuss_channel_id.ids)]
        )
        return {member.channel_id: member.message_unread_counter for member in members}

    # === LIVE === #

    @api.model
    def _get_desk_fields(self):
        """Return the fields of a conversation that the desk shows: when one changes the screens are told."""
        return {
            "state",
            "user_id",
            "team_id",
            "priority",
            "tag_ids",
            "lead_id",
            "unanswered_date",
            "last_message_date",
        }

    @api.model_create_multi
    def create(self, vals_list):
        conversations = super().create(vals_list)
        conversations._note_desk_change()
        return conversations

    def write(self, vals):
        result = super().write(vals)
        if not self._get_desk_fields().isdisjoint(vals):
            self._note_desk_change()
        return result

    def _note_desk_change(self):
        """Tell all desks of the company that these have changed: once, when all is written."""
        data = self.env.cr.precommit.data
        if "whatsapp_cs.desk" not in data:
            data["whatsapp_cs.desk"] = OrderedSet()
            # sudo: whatsapp.cs.conversation - only ids, agent and state are told, and only to agents of the company
            self.env.cr.precommit.add(self.sudo()._send_desk_changes)
        data["whatsapp_cs.desk"].update(self.ids)

    @api.model
    def _send_desk_changes(self):
        changed = self._take_noted("whatsapp_cs.desk")
        for company, conversations in changed.grouped("company_id").items():
            self.env["bus.bus"]._sendone(
                (company, "whatsapp_cs_desk"),
                "whatsapp_cs.desk/changed",
                {"conversations": [[case.id, case.user_id.id, case.state] for case in conversations]},
            )
