from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged

from .common import WhatsappCsCommon


@tagged("post_install", "-at_install")
class TestRouting(WhatsappCsCommon):
    def setUp(self):
        super().setUp()
        self.sales = self.create_team("Sales", self.agent)
        self.service = self.create_team("After-Sales", self.agent_2)

    def create_rule(self, team, **values):
        return self.env["whatsapp.cs.routing.rule"].create({"name": "Rule", "team_id": team.id, **values})

    def let_write(self, text="Hello", wa_id="32470123456", **kwargs):
        """Let somebody write, and return the conversation."""
        self.receive(self.text_body(text, f"wamid.{wa_id}", wa_id=wa_id, **kwargs))
        return self.get_conversation(wa_id)

    # === WHICH TEAM === #

    def test_without_a_rule_a_conversation_waits_in_the_queue_of_all(self):
        conversation = self.let_write()
        self.assertEqual((conversation.state, conversation.team_id.id), ("queued", False))

    def test_the_default_team_of_the_number_gets_what_no_rule_wants(self):
        self.channel.team_id = self.sales
        self.create_rule(self.service, keywords="return")
        conversation = self.let_write("Do you have red shoes?")
        self.assertEqual(conversation.team_id, self.sales)
        self.assertIn("default team", conversation.team_reason)

    def test_a_keyword_leads_to_the_team_in_any_script(self):
        self.channel.team_id = self.sales
        self.create_rule(self.service, keywords="return\nDéfaut\nवापस करना\nإرجاع\n退货")
        for number, text in enumerate(
            ("I want to RETURN this!", "un defaut, hélas", "मुझे जूते वापस करना है", "أريد إِرْجَاع الحذاء", "我要退货谢谢")
        ):
            with self.subTest(text=text):
                self.assertEqual(self.let_write(text, f"3247012345{number}").team_id, self.service)
        conversation = self.let_write("The returned one fits", "32470123459")
        self.assertEqual(conversation.team_id, self.sales, "a part of a word is not the word")

    def test_the_first_rule_whose_conditions_all_hold_decides(self):
        self.create_rule(self.sales, keywords="shoes", lang_id=self.env.ref("base.lang_en").id, sequence=1)
        self.create_rule(self.service, keywords="shoes", sequence=2)
        english = self.let_write("shoes", "15550100002")
        self.assertEqual(english.team_id, self.sales)
        other = self.let_write("shoes", "15550100003")
        other.partner_id.lang = self.env["res.lang"]._activate_lang("hi_IN").code
        self.assertEqual(self.env["whatsapp.cs.routing.rule"]._select_team(other).team, self.service)

    def test_number_tag_value_and_ad_are_conditions(self):
        other = self._create_channel(self.account, "2002", "+1 555 0102")
        vip = self.env["res.partner.category"].create({"name": "VIP"})
        conversation = self.let_write()
        partner, select = conversation.partner_id, self.env["whatsapp.cs.routing.rule"]._select_team

        rule = self.create_rule(self.service, channel_ids=other.ids)
        self.assertIn("another number", select(conversation).judgements[0].reason)
        rule.channel_ids = other + self.channel
        self.assertEqual(select(conversation).team, self.service)

        rule.write({"channel_ids": False, "category_ids": vip.ids})
        self.assertIn("none of the tags", select(conversation).judgements[0].reason)
        partner.category_id = vip
        self.assertIn("VIP", select(conversation).reason)

        tag = self.env["whatsapp.cs.tag"].create({"name": "Complaint"})
        rule.write({"category_ids": False, "tag_ids": tag.ids})
        self.assertIn("none of the tags", select(conversation).judgements[0].reason)
        conversation.tag_ids = tag
        self.assertIn("Complaint", select(conversation).reason)

        rule.write({"tag_ids": False, "min_value": 500})
        self.assertFalse(select(conversation).team)
        lead = self.env["crm.lead"].create(
            {"name": "Order", "type": "opportunity", "partner_id": partner.id, "expected_revenue": 700}
        )
        self.assertFalse(select(conversation).team, "an open opportunity is no revenue")
        lead.action_set_won()
        self.assertEqual(select(conversation).team, self.service)

        rule.write({"min_value": 0, "ad": "words", "ad_words": "summer sale"})
        self.assertIn("not come from an ad", select(conversation).judgements[0].reason)
        conversation.ad_headline = "Big Summer-Sale!"
        self.assertEqual(select(conversation).team, self.service)
        conversation.ad_headline = "Winter"
        self.assertIn("another ad", select(conversation).judgements[0].reason)

    def test_a_team_with_the_customers_language_goes_before_the_default_team(self):
        self.env["res.lang"]._activate_lang("hi_IN")
        self.channel.team_id = self.sales
        self.service.lang = "hi_IN"
        conversation = self.let_write()
        conversation.partner_id.lang = "hi_IN"
        self.assertEqual(self.env["whatsapp.cs.routing.rule"]._select_team(conversation).team, self.service)

    def test_a_team_that_does_not_serve_the_number_or_is_archived_gets_nothing(self):
        other = self._create_channel(self.account, "2002", "+1 555 0102")
        self.create_rule(self.service)
        self.service.channel_ids = other
        conversation = self.let_write()
        self.assertFalse(conversation.team_id)
        verdict = self.env["whatsapp.cs.routing.rule"]._select_team(conversation)
        self.assertIn("does not serve", verdict.judgements[0].reason)
        self.service.write({"channel_ids": False, "active": False})
        verdict = self.env["whatsapp.cs.routing.rule"]._select_team(conversation)
        self.assertIn("archived", verdict.judgements[0].reason)

    def test_rules_of_another_company_are_not_asked(self):
        company = self.env["res.company"].create({"name": "Other"})
        team = self.env["whatsapp.cs.team"].create({"name": "Theirs", "company_id": company.id})
        self.create_rule(team, company_id=company.id)
        self.assertFalse(self.let_write().team_id)

    def test_a_rule_sets_priority_and_needed_skills(self):
        skill = self.env["whatsapp.cs.skill"].create({"name": "Returns"})
        self.create_rule(self.service, keywords="return", skill_ids=skill.ids, priority="2")
        conversation = self.let_write("return")
        self.assertEqual((conversation.priority, conversation.skill_ids), ("2", skill))

    def test_a_conversation_keeps_its_team_when_it_comes_back_into_the_queue(self):
        self.create_rule(self.service, keywords="return")
        conversation = self.let_write("return")
        conversation.with_user(self.agent_2).action_take()
        conversation.with_user(self.agent_2).action_release()
        self.assertEqual((conversation.state, conversation.team_id), ("queued", self.service))

    def test_deciding_for_many_costs_as_many_queries_as_for_one(self):
        self.create_rule(self.service, keywords="return", min_value=10)
        for number in range(6):
            self.let_write("return", f"3247012345{number}")
        conversations = self.env["whatsapp.cs.conversation"].search([("state", "=", "queued")])
        rules = self.env["whatsapp.cs.routing.rule"]

        def count(some):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            rules._select_teams(some)
            return self.env.cr.sql_log_count - before

        count(conversations)
        self.assertLessEqual(count(conversations), count(conversations[:1]) + 1)

    def test_rules_without_words_are_refused(self):
        with self.assertRaisesRegex(ValidationError, "no letter"):
            self.create_rule(self.sales, keywords="!!!")
        with self.assertRaisesRegex(ValidationError, "words of the ad"):
            self.create_rule(self.sales, ad="words")

    # === TRY IT === #

    def test_try_it_says_what_production_does_and_why(self):
        self.create_rule(self.service, name="Returns", keywords="return")
        self.go("available", self.agent_2)
        with Form(self.env["whatsapp.cs.routing.try"].with_user(self.editor)) as form:
            form.channel_id = self.channel
            form.text = "Nice shoes"
            self.assertFalse(form.team_id)
            form.text = "I return them"
            self.assertEqual(form.team_id, self.service)
            self.assertIn("“return”", form.reason)
            self.assertIn("Bela is free: 0 of 3.", form.agent_reason)
            self.assertEqual(len(form.line_ids), 1)
        self.assertEqual(self.let_write("I return them").team_id, self.service)

    def test_agents_can_not_change_rules(self):
        rule = self.create_rule(self.service)
        with self.assertRaises(AccessError):
            rule.with_user(self.agent).write({"team_id": self.sales.id})
