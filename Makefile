# The work is done in scripts/; this only names it.
.DEFAULT_GOAL := help
.PHONY: help demo clean-demo test lint format setup

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

setup: ## Installs what is missing: Odoo 19, PostgreSQL, Python packages, a browser
	@scripts/setup
