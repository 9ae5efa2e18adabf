-- A copy of the production database must not talk to customers.
UPDATE whatsapp_cs_account
   SET access_token = NULL, app_secret = NULL, state = 'draft', base_url = 'https://localhost';
UPDATE whatsapp_cs_channel SET state = 'blocked';
