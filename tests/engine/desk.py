"""Many agents in teams, and what the database remembers of who had which conversation (RT2, RT3)."""

import threading
import time

# Three teams; a keyword leads to each of the last two. Every agent can do so many at once.
SET_UP = """
agents = env["res.users"].with_context(no_reset_password=True).create([{{
    "name": f"Agent {{number}}", "login": f"crew{{number}}", "email": f"crew{{number}}@example.com",
    "group_ids": [(4, env.ref("whatsapp_cs.whatsapp_cs_group_agent").id)],
}} for number in range({agents})])
teams = env["whatsapp.cs.team"].create([{{
    "name": name, "method": method,
    "member_ids": [(0, 0, {{"user_id": agent.id, "capacity": {capacity}}}) for agent in agents[start::3]],
}} for start, (name, method) in enumerate([("Sales", "balanced"), ("Returns", "balanced"), ("Repairs", "round_robin")])])
env["whatsapp.cs.routing.rule"].create([
    {{"name": name, "keywords": name, "team_id": team.id}} for name, team in zip(("returns", "repairs"), teams[1:])
])
env["whatsapp.cs.channel"].search([]).team_id = teams[0]
for agent in agents:
    env["whatsapp.cs.agent.status"]._set(agent, "available")
env.cr.commit()
"""
# Every change of agent, as the database itself sees it: nothing of ours could forget one.
HISTORY = """
CREATE TABLE IF NOT EXISTS test_history (
    id serial, conversation_id int, old_user int, new_user int, state text, at timestamptz DEFAULT clock_timestamp()
);
CREATE OR REPLACE FUNCTION test_note() RETURNS trigger AS $$
BEGIN
    INSERT INTO test_history (conversation_id, old_user, new_user, state)
    VALUES (NEW.id, OLD.user_id, NEW.user_id, NEW.state);
    RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE OR REPLACE TRIGGER test_note AFTER UPDATE ON whatsapp_cs_conversation FOR EACH ROW
    WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id) EXECUTE FUNCTION test_note();
"""
OVERLOADED = """
SELECT conversation.user_id, count(*) FROM whatsapp_cs_conversation conversation
 WHERE conversation.state = 'assigned'
 GROUP BY conversation.user_id
HAVING count(*) > (SELECT max(capacity) FROM whatsapp_cs_team_member WHERE user_id = conversation.user_id)
"""


def open_desk(stack, agents=50, capacity=3):
    stack.odoo_shell(SET_UP.format(agents=agents, capacity=capacity))
    stack.query(HISTORY)


class Watch(threading.Thread):
    """Looks all the time whether anybody has more than they can do; ``overloaded`` holds what it saw."""

    def __init__(self, stack):
        super().__init__(daemon=True)
        self._connection = stack.postgres.connect(stack.database)
        self._ended = threading.Event()
        self.overloaded = []
        self.looks = 0

    def run(self):
        with self._connection.cursor() as cursor:
            while not self._ended.is_set():
                cursor.execute(OVERLOADED)
                self.overloaded += cursor.fetchall()
                self.looks += 1
                time.sleep(0.02)

    def stop(self):
        self._ended.set()
        self.join()
        self._connection.close()
