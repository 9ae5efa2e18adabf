# In the order in which a message passes through.

from . import whatsapp_cs_cached
from . import whatsapp_cs_limits
from . import whatsapp_cs_batch
from . import whatsapp_cs_audit
from . import whatsapp_cs_audited

# connection
from . import whatsapp_cs_reminder
from . import whatsapp_cs_account
from . import whatsapp_cs_account_connection
from . import whatsapp_cs_account_care
from . import whatsapp_cs_channel
from . import whatsapp_cs_channel_care
from . import whatsapp_cs_channel_check
from . import whatsapp_cs_channel_hours
from . import whatsapp_cs_channel_restraint
from . import whatsapp_cs_channel_registration
from . import whatsapp_cs_channel_profile
from . import whatsapp_cs_notice
from . import whatsapp_cs_webhook_refusal
from . import whatsapp_cs_template
from . import whatsapp_cs_template_guard
from . import whatsapp_cs_template_button
from . import whatsapp_cs_template_card
from . import whatsapp_cs_template_variable
from . import whatsapp_cs_template_offer
from . import whatsapp_cs_template_content
from . import whatsapp_cs_template_media
from . import whatsapp_cs_template_rules
from . import whatsapp_cs_template_review
from . import whatsapp_cs_template_sender
from . import whatsapp_cs_account_templates

# pipeline
from . import whatsapp_cs_queue
from . import whatsapp_cs_event
from . import whatsapp_cs_message
from . import whatsapp_cs_message_types
from . import whatsapp_cs_media
from . import whatsapp_cs_receipt
from . import whatsapp_cs_message_policy
from . import whatsapp_cs_message_cost
from . import whatsapp_cs_early_status
from . import whatsapp_cs_outbox
from . import whatsapp_cs_outbox_sender
from . import whatsapp_cs_send_policy
from . import whatsapp_cs_outbox_policy
from . import whatsapp_cs_outbox_compensation

# people
from . import whatsapp_cs_contact
from . import whatsapp_cs_contact_consent
from . import whatsapp_cs_contact_block
from . import whatsapp_cs_former_identity
from . import whatsapp_cs_contact_change
from . import whatsapp_cs_consent
from . import whatsapp_cs_consent_language

# conversation
from . import whatsapp_cs_conversation
from . import whatsapp_cs_conversation_lock
from . import whatsapp_cs_conversation_agent
from . import whatsapp_cs_conversation_transfer
from . import whatsapp_cs_conversation_snooze
from . import whatsapp_cs_conversation_spam
from . import whatsapp_cs_conversation_merge
from . import whatsapp_cs_conversation_split
from . import whatsapp_cs_waiting_class
from . import whatsapp_cs_waiting_alert
from . import whatsapp_cs_window
from . import whatsapp_cs_desk
from . import whatsapp_cs_desk_message
from . import whatsapp_cs_desk_cards
from . import whatsapp_cs_wall

# automation
from . import whatsapp_cs_tag
from . import whatsapp_cs_automation
from . import whatsapp_cs_automation_variables
from . import whatsapp_cs_automation_event
from . import whatsapp_cs_auto_reply
from . import whatsapp_cs_auto_reply_select
from . import whatsapp_cs_auto_reply_run
from . import whatsapp_cs_auto_reply_repeat
from . import whatsapp_cs_hand_over
from . import whatsapp_cs_customer_event
from . import whatsapp_cs_auto_reply_event
from . import whatsapp_cs_follow_up
from . import whatsapp_cs_follow_up_job
from . import whatsapp_cs_link
from . import whatsapp_cs_automation_quality
from . import whatsapp_cs_channel_replies
from . import whatsapp_cs_conversation_sensitive
from . import whatsapp_cs_conversation_rating
from . import whatsapp_cs_channel_rating
from . import whatsapp_cs_rating
from . import whatsapp_cs_rating_answer
from . import whatsapp_cs_rating_average
from . import whatsapp_cs_rating_template
from . import whatsapp_cs_macro
from . import whatsapp_cs_macro_step
from . import whatsapp_cs_reply_use

# teams
from . import whatsapp_cs_skill
from . import whatsapp_cs_agent_status
from . import whatsapp_cs_team_roster
from . import whatsapp_cs_team
from . import whatsapp_cs_team_member
from . import whatsapp_cs_routing_rule
from . import whatsapp_cs_conversation_team
from . import whatsapp_cs_conversation_wait
from . import whatsapp_cs_assigner

# bots
from . import whatsapp_cs_bot
from . import whatsapp_cs_bot_step
from . import whatsapp_cs_bot_choice
from . import whatsapp_cs_bot_branch
from . import whatsapp_cs_bot_condition
from . import whatsapp_cs_bot_product
from . import whatsapp_cs_bot_version
from . import whatsapp_cs_bot_run
from . import whatsapp_cs_bot_run_actions
from . import whatsapp_cs_bot_run_through
from . import whatsapp_cs_bot_answer
from . import whatsapp_cs_conversation_bot
from . import whatsapp_cs_automation_bot
from . import whatsapp_cs_bot_figures

# campaigns
from . import whatsapp_cs_campaign
from . import whatsapp_cs_campaign_recipient
from . import whatsapp_cs_contact_merge

# cost
from . import whatsapp_cs_price
from . import whatsapp_cs_account_cost
from . import whatsapp_cs_conversation_cost

# health
from . import whatsapp_cs_health
from . import whatsapp_cs_health_tiles
from . import whatsapp_cs_health_screen
from . import whatsapp_cs_health_sample
from . import whatsapp_cs_alert
from . import whatsapp_cs_alert_accuracy
from . import whatsapp_cs_alert_automation
from . import whatsapp_cs_alert_budget

# other apps' models
from . import base
from . import crm_lead
from . import discuss_channel
from . import discuss_channel_automation
from . import discuss_channel_member
from . import discuss_channel_case
from . import discuss_channel_note
from . import discuss_channel_watch
from . import ir_attachment
from . import discuss_channel_templates
from . import discuss_channel_desk
from . import discuss_channel_palette
from . import ir_actions
from . import ir_actions_server
from . import ir_websocket
from . import mail_canned_response
from . import mail_message
from . import mail_message_rating
from . import phone_blacklist
from . import res_config_settings
from . import res_config_settings_team
from . import res_country_group
from . import res_groups
from . import res_partner
from . import res_users
from . import res_users_status
from . import res_users_wall
from . import whatsapp_cs_masking

# what is followed of all these
from . import whatsapp_cs_audit_scope
