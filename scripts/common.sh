# shellcheck shell=bash
# shellcheck disable=SC2034  # the scripts beside it use the names
# Shared by the scripts beside it: where things are kept, and how they speak to the person who started them.
# Sourced, never run.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${WHATSAPP_CS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/whatsapp_cs}
ODOO_HOME=$CACHE/odoo                 # Odoo's unpacked packages
VENV=$CACHE/venv                      # Python packages of Odoo, the simulator and the tests
NODE_HOME=$CACHE/node                 # rtlcss, which Odoo calls for languages that are written from right to left
export PATH=$NODE_HOME/node_modules/.bin:$PATH
ODOO_PYTHONPATH=$ODOO_HOME/usr/lib/python3/dist-packages
ODOO_BIN=$ODOO_HOME/usr/bin/odoo
ODOO_ADDONS=$ODOO_PYTHONPATH/odoo/addons
DB_USER=${PGUSER:-odoo}
DB_PASSWORD=${PGPASSWORD:-odoo}
DB_HOST=${PGHOST:-127.0.0.1}
DB_PORT=${PGPORT:-5432}

step() { printf '\033[1m▸ %s\033[0m\n' "$*"; }
done_() { printf '  ✓ %s\n' "$*"; }
fail() { printf '\033[31m✗ %s\033[0m\n' "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

port_is_free() {
    ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

require_free_port() { # port, what for, the variable that changes it
    port_is_free "$1" || fail "Port $1 is taken, $2 needs it. Stop what uses it, or choose another: $3=PORT make …"
}

wait_for_url() { # url, seconds, what, log file
    local deadline=$((SECONDS + $2))
    until curl --silent --fail --output /dev/null --max-time 5 "$1"; do
        [ "$SECONDS" -lt "$deadline" ] || fail "$3 did not answer at $1 within $2 s. See $4"
        sleep 0.2
    done
}

psql_as_odoo() {
    PGPASSWORD=$DB_PASSWORD psql --host "$DB_HOST" --port "$DB_PORT" --username "$DB_USER" --no-psqlrc --quiet "$@"
}

database_exists() {
    [ "$(psql_as_odoo -d postgres -Atc "SELECT 1 FROM pg_database WHERE datname = '$1'")" = 1 ]
}

drop_database() { # not WITH (FORCE): it is refused while autovacuum, which is not ours, works there
    psql_as_odoo -d postgres --output /dev/null 2>/dev/null \
        -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$1' AND usename = current_user" \
        -c "DROP DATABASE IF EXISTS \"$1\""
}

odoo() { # the Odoo command line, with everything the scripts share
    "$VENV/bin/python" "$ODOO_BIN" "$@"
}

write_odoo_conf() { # file, data directory, http port, gevent port
    mkdir -p "$(dirname "$1")" "$2"
    cat > "$1" <<CONF
[options]
addons_path = $ROOT,$ODOO_ADDONS
data_dir = $2
db_host = $DB_HOST
db_port = $DB_PORT
db_user = $DB_USER
db_password = $DB_PASSWORD
admin_passwd = $(head -c 24 /dev/urandom | base64 | tr -d '/+=')
http_interface = 127.0.0.1
http_port = $3
gevent_port = $4
list_db = False
server_wide_modules = base,web
CONF
    chmod 600 "$1"
}
