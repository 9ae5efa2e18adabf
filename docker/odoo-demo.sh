#!/usr/bin/env bash
# Odoo's part of the demo in docker-compose.yml: what scripts/demo does, with the image's own Odoo.
set -euo pipefail

DEMO_DB=whatsapp_cs_demo
export ODOO_URL=http://127.0.0.1:$ODOO_PORT PHONE_URL=http://127.0.0.1:$PHONE_PORT

odoo_command() { # the image's entry point waits for PostgreSQL and says where it is
    /entrypoint.sh odoo "$@" -d "$DEMO_DB"
}

wait_for() {
    until curl --silent --fail --output /dev/null --max-time 5 "$1"; do sleep 0.5; done
}

is_installed() {
    [ "$(PGPASSWORD=$PASSWORD psql --host "$HOST" --username "$USER" --dbname "$DEMO_DB" -Atc \
        "SELECT state FROM ir_module_module WHERE name = 'whatsapp_cs'" 2>/dev/null)" = installed ]
}

if is_installed; then
    echo "▸ Updating the addon"
    odoo_command server -u whatsapp_cs --stop-after-init --no-http
else
    echo "▸ Creating the database (about half a minute)"
    odoo_command server --without-demo -i whatsapp_cs,contacts --stop-after-init --no-http
fi

/entrypoint.sh odoo server -d "$DEMO_DB" --http-port="$ODOO_PORT" --workers=0 --max-cron-threads=2 --no-database-list &
server=$!
trap 'kill -TERM "$server" 2>/dev/null; wait "$server"; exit 0' TERM INT

wait_for "$ODOO_URL/web/login"
wait_for "$PHONE_URL/health"
odoo_command shell --no-http --log-level=warn </mnt/demo/demo_data.py

echo "The demo is ready. Odoo: $ODOO_URL (log in as admin, editor, agent or analyst, the password is the same word)"
echo "                   Phones: $PHONE_URL"
wait "$server"
