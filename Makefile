# The work is done in scripts/; this only names it.
.DEFAULT_GOAL := help
.PHONY: help demo clean-demo test lint format setup crash fuzz bench

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1mmake %-11s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## Starts Odoo and a simulated WhatsApp with phones to chat from; Ctrl-C stops both
	@scripts/demo

clean-demo: ## Removes the demo's database, files and logs
	@scripts/clean-demo

test: ## Runs everything that is tested: style, simulator, addon, browser (scripts/test PART for one part)
	@scripts/test

lint: ## Checks the style of Python, XML, JavaScript, translations and shell scripts
	@scripts/lint

format: ## Formats the Python files
	@scripts/lint --fix

crash: ## Kills workers, servers and the database under load, and counts what is lost or doubled (docs/crash.md)
	@scripts/crash

fuzz: ## Posts 100,000 damaged webhooks and 10,000 forged ones (docs/robustness.md)
	@scripts/fuzz

bench: ## Measures speed as ratios, side by side in one run (docs/performance.md)
	@scripts/bench

setup: ## Installs what is missing: Odoo 19, PostgreSQL, Python packages, a browser
	@scripts/setup
