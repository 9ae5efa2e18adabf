"""The templates of all accounts: created, reviewed, paused … with the webhooks that tell of it."""

import base64
import itertools

from . import template_rules
from .template_rules import EditedTemplate, NewTemplate, checked, refuse
from .world import Template, WorldError

DAY = 24 * 3600
FIRST_ID = 601_000_000_001_000
MOST_UNVERIFIED, MOST_VERIFIED = 250, 6000
CREATIONS_PER_HOUR = 100
EDITS_PER_MONTH = 10
NAME_BLOCKED = 30 * DAY  # after a deletion
EDITABLE = ("APPROVED", "REJECTED", "PAUSED")
SAMPLE_FORMATS = {"image": "IMAGE", "video": "VIDEO", "application": "DOCUMENT"}


class Templates:
    def __init__(self, simulator):
        self.sim = simulator
        self.created = []  # Unix times of the last hour, of all accounts

    # === LOOKING UP === #

    def find(self, template_id):
        """Return (account, template), or (None, None)."""
        for account in self.sim.world.accounts.values():
            for template in account.templates:
                if template.id == template_id:
                    return account, template
        return None, None

    def add(self, account, values):
        """Add a template as it is."""
        template = Template.model_validate({"id": self._new_id()} | values)
        known = [(other.name, other.language) for other in account.templates]
        if self.find(template.id)[1] or (template.name, template.language) in known:
            raise WorldError("There is a template with that id, or with that name and language.")
        account.templates.append(template)
        return template

    # === MADE AND CHANGED BY THE BUSINESS === #

    def create(self, account, data):
        """Make a template of a client's data; its review comes later."""
        asked = checked(NewTemplate, data)
        template_rules.check_frame(asked.language, asked.category, asked.message_send_ttl_seconds)
        self._check_room(account, asked)
        named = asked.parameter_format.upper() == "NAMED"
        template = Template(
            id=self._new_id(),
            name=asked.name,
            language=asked.language,
            category=asked.category,
            status="PENDING",
            parameter_format=asked.parameter_format.upper(),
            message_send_ttl_seconds=asked.message_send_ttl_seconds,
            last_updated_time=self.sim.clock.now(),
            components=template_rules.check_components(
                asked.components, asked.category, asked.language, named, self.knows_handle
            ),
        )
        template.category = template_rules.category_by_review(template)
        self.created.append(self.sim.clock.now())
        account.templates.append(template)
        self._review_later(template)
        return template

    def _check_room(self, account, asked):
        now = self.sim.clock.now()
        self.created = [created for created in self.created if created > now - 3600]
        if len(self.created) >= CREATIONS_PER_HOUR:
            raise refuse("There were too many new templates within an hour. Try again later.")
        most = MOST_VERIFIED if account.business_verification_status == "verified" else MOST_UNVERIFIED
        if len(account.templates) >= most:
            raise refuse(f"The account has {most} templates already.", 2388019, "Message template limit exceeded")
        for template in account.templates:
            if (template.name, template.language) == (asked.name, asked.language):
                raise refuse(
                    f"There is already {asked.language} content for this template. You can create a new template "
                    "and try again.",
                    2388024,
                    "Content in this language already exists",
                )
        for language in ("*", asked.language):
            deleted = account.deleted_templates.get(f"{asked.name}/{language}")
            if deleted is not None and now < deleted + NAME_BLOCKED:
                raise refuse(
                    "A template of this name was deleted less than 30 days ago. Choose another name.",
                    2388023,
                    "Message template language is being deleted",
                )

    def _new_id(self):
        taken = {template.id for account in self.sim.world.accounts.values() for template in account.templates}
        return next(text for text in map(str, itertools.count(FIRST_ID)) if text not in taken)

    def edit(self, template, data):
        """Change a template; it is reviewed anew."""
        asked = checked(EditedTemplate, data)
        if not asked.model_fields_set:
            raise refuse("There is nothing to change.")
        if template.status not in EDITABLE:
            raise refuse(f"A template that is {template.status} can't be edited.", title="Template can't be edited")
        if template.status == "APPROVED":
            self._check_edits(template, asked)
        category = asked.category or template.category
        parameter_format = (asked.parameter_format or template.parameter_format).upper()
        ttl = asked.message_send_ttl_seconds
        template_rules.check_frame(template.language, category, ttl)
        if asked.components is not None:
            template.components = template_rules.check_components(
                asked.components, category, template.language, parameter_format == "NAMED", self.knows_handle
            )
        template.category, template.parameter_format = category, parameter_format
        template.message_send_ttl_seconds = ttl if ttl is not None else template.message_send_ttl_seconds
        if template.status == "APPROVED":
            template.edits = [*template.edits, self.sim.clock.now()]
        template.status = "PENDING"
        template.last_updated_time = self.sim.clock.now()
        self._review_later(template)

    def _check_edits(self, template, asked):
        now = self.sim.clock.now()
        recent = [edited for edited in template.edits if edited > now - 30 * DAY]
        if asked.category and asked.category != template.category:
            raise refuse("The category of an approved template can't be changed.")
        if any(edited > now - DAY for edited in recent) or len(recent) >= EDITS_PER_MONTH:
            raise refuse("An approved template can be edited once in 24 hours and 10 times in 30 days.")

    def delete(self, account, templates, whole_name):
        """Delete; the name (or the name in these languages) is blocked for 30 days."""
        now = self.sim.clock.now()
        account.templates = [template for template in account.templates if template not in templates]
        blocked = {f"{template.name}/{'*' if whole_name else template.language}": now for template in templates}
        account.deleted_templates = account.deleted_templates | blocked

    def unpause(self, template):
        if template.status != "PAUSED":
            raise refuse("Only a paused template can be unpaused.")
        self.set_status(template, "APPROVED")

    # === SAMPLES === #

    def knows_handle(self, handle, wanted):
        """Is it the handle of an uploaded file that fits the header's format?"""
        sample = self._sample(handle)
        return bool(sample) and SAMPLE_FORMATS.get(sample.mime_type.partition("/")[0]) == wanted

    def handle_of(self, sample):
        coded = base64.urlsafe_b64encode(sample.mime_type.encode()).decode().rstrip("=")
        return f"4::{coded}:ARb{sample.sha256[:24]}:e:{int(sample.time)}:{sample.id}"

    def _sample(self, handle):
        sample = self.sim.media.media.get(handle.rpartition(":")[2])
        return sample if sample and sample.origin == "sample" and handle == self.handle_of(sample) else None

    def as_read(self, component, origin):
        """A component as Meta returns it: with a link to the sample in place of the handle."""
        if component["type"] == "CAROUSEL":
            cards = [{"components": self.all_read(card["components"], origin)} for card in component["cards"]]
            return component | {"cards": cards}
        handles = component.get("example", {}).get("header_handle")
        if not handles:
            return component
        links = [self._sample_link(handle, origin) for handle in handles]
        return component | {"example": component["example"] | {"header_handle": links}}

    def all_read(self, components, origin):
        return [self.as_read(component, origin) for component in components]

    def _sample_link(self, handle, origin):
        sample = self._sample(handle)
        if sample:
            return f"{origin}/phone/api/media/{sample.id}"
        return origin + handle if handle.startswith("/") else handle

    # === REVIEW === #

    def resume(self):
        """Plan the reviews of all that wait for one; called when the server starts."""
        for account in self.sim.world.accounts.values():
            for template in account.templates:
                if template.status == "PENDING":
                    self._review_later(template)

    def _review_later(self, template):
        delay = self.sim.settings.review_delay
        if delay is not None:
            self.sim.timers.later(delay, self._review, template.id, template.last_updated_time, counts=delay < 10)

    def _review(self, template_id, submitted):
        _account, template = self.find(template_id)
        if template is None or (template.status, template.last_updated_time) != ("PENDING", submitted):
            return  # decided or submitted again meanwhile
        reason = template_rules.rejection(template)
        self.set_status(template, "REJECTED" if reason else "APPROVED", reason)

    # === WHAT META DECIDES === #

    def set_status(self, template, status, reason=None):
        """Enter a status and tell the business."""
        template.status = status
        template.rejected_reason = (reason or "INCORRECT_CATEGORY") if status == "REJECTED" else "NONE"
        value = {"event": "REINSTATED" if status == "APPROVED" and reason == "REINSTATED" else status}
        value |= self._keys(template) | {"message_template_category": template.category}
        value["reason"] = template.rejected_reason
        if status == "REJECTED":
            recommendation = "Change the template as the reason says, and submit it again."
            value["rejection_info"] = {"reason": template.rejected_reason, "recommendation": recommendation}
        elif status == "PAUSED":
            text = "Your template was paused because it had a low quality. It can be sent again in 3 hours."
            value["other_info"] = {"title": "FIRST_PAUSE", "description": text}
        elif status == "DISABLED":
            value["disable_info"] = {"disable_date": int(self.sim.clock.now())}
        self._publish(template, "message_template_status_update", value)

    def set_quality(self, template, score):
        value = {"previous_quality_score": template.quality_score, "new_quality_score": score}
        template.quality_score = score
        self._publish(template, "message_template_quality_update", value | self._keys(template))

    def set_category(self, template, category):
        value = self._keys(template) | {"previous_category": template.category, "new_category": category}
        template.previous_category, template.category = template.category, category
        template.correct_category = None
        self._publish(template, "template_category_update", value)

    def announce_category(self, template, category):
        """The 24 hours' notice of a change."""
        template.correct_category = category
        value = self._keys(template) | {"new_category": template.category, "correct_category": category}
        self._publish(template, "template_category_update", value)

    def _keys(self, template):
        return {
            "message_template_id": int(template.id),
            "message_template_name": template.name,
            "message_template_language": template.language,
        }

    def _publish(self, template, field, value):
        account, _template = self.find(template.id)
        self.sim.publish_field(account, None, field, value)
