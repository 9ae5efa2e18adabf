"""Tests of the engine on a committed database: real Odoo servers, the simulator, and things that break."""
