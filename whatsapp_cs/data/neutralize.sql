-- A copy of the production database must not talk to customers.
UPDATE whatsapp_cs_account
   SET access_token = NULL, app_secret = NULL, state = 'draft', base_url = 'https://localhost',
       backup_base_url = NULL, is_on_backup = FALSE;
UPDATE whatsapp_cs_channel SET state = 'blocked';
