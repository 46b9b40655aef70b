# Start with `make run`; `make help` lists the rest.

PORT ?= 8080
LOCAL ?= .local
export PORT LOCAL FILTER FORCE

# Should make itself be killed, what it runs is told to stop, too.
TOGETHER = setpriv --pdeathsig TERM

.DEFAULT_GOAL := help
.PHONY: help setup run watch test walk long soak bare screenshots spec lint format smoke bench interop sample release db/psql db/reset ci sdk

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z\/]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: sdk ## install what is missing: PostgreSQL, the programs that tests start, the packages
	@sql/cluster.sh install
	dotnet restore OAuthServer.sln --verbosity quiet -consoleLoggerParameters:ErrorsOnly\;NoSummary
	@test/tools.sh bring

run: sdk ## serve on http://localhost:8080 with a private Postgres and the demo world (PORT=9180 LOCAL=.local-9180)
	@exec $(TOGETHER) sql/run.sh

watch: sdk ## the same, rebuilt on every edit
	@exec $(TOGETHER) sql/run.sh watch

# The closing line "N passed, N failed" shall be the last one, also when it is bad news. After a failure make would add
# a line of its own, unless SIGQUIT ends it: then it exits with 1 in silence. (Where a shell script runs `make test &`,
# SIGQUIT is ignored, which is bit 4 of SigIgn: then we fail the loud way.)
FAIL_QUIETLY = { grep -q 'SigIgn:.*[4-7c-f]$$' /proc/self/status || { kill -QUIT $$PPID; sleep 0.1; exit 0; }; exit 1; }

test: sdk ## run the tests (FILTER='Rfc~7636' for some of them)
	@$(TOGETHER) test/run.sh fast || $(FAIL_QUIETLY)

walk: sdk ## walk through every page in a browser, in every language, and measure it
	@$(TOGETHER) test/run.sh walk || $(FAIL_QUIETLY)

long: sdk ## run the tests that take longer, make soak and make bare among them
	@$(TOGETHER) test/run.sh long || $(FAIL_QUIETLY)

soak: sdk ## run the server under mixed load for an hour and write docs/soak.md (SOAK_MINUTES=10)
	@UPDATE_SOAK=1 FILTER='FullyQualifiedName~SoakTest' $(TOGETHER) test/run.sh long || $(FAIL_QUIETLY)

bare: sdk ## run make run and make test in a bare Debian made by debootstrap (as root)
	@test/bare.sh

screenshots: sdk ## take pictures of the demo world's pages into docs/screenshots (needs Chromium)
	@$(TOGETHER) test/run.sh screenshots || $(FAIL_QUIETLY)

spec: sdk ## write docs/SPEC.md, settings.md, tables.md and sql/schema.sql
	@UPDATE_SPEC=1 FILTER='Name~Spec_table|Name~Settings_table|Name~on_paper' $(TOGETHER) test/run.sh || $(FAIL_QUIETLY)

lint: sdk ## check formatting and code style; all analyzers, warnings are errors (its own build: make run and make test do without)
	dotnet build OAuthServer.sln --configuration Debug --nologo --verbosity quiet -consoleLoggerParameters:ErrorsOnly\;NoSummary
	dotnet format OAuthServer.sln --verify-no-changes --no-restore

format: sdk ## repair formatting and code style
	dotnet format OAuthServer.sln

smoke: sdk ## run the transcripts of README.md and docs/ against a server of its own
	@test/smoke.sh

bench: sdk ## measure the server against what the machine allows (ARGS=--help; writes docs/performance.md)
	@exec $(TOGETHER) test/Bench/run.sh $(ARGS)

interop: sdk ## try clients that other people wrote, with a person at a browser; writes docs/interop.md
	@exec $(TOGETHER) test/Interop/run.sh

sample: sdk ## serve a sample MCP server on http://localhost:9000/mcp beside the server (NOTES_PORT=9001)
	@exec $(TOGETHER) samples/run.sh

release: sdk ## build what this version is published as into .local/release (IMAGE=none: without the image)
	@exec $(TOGETHER) deploy/release.sh

db/psql: ## open psql on the private database of `make run`
	@sql/cluster.sh psql "$$LOCAL"

db/reset: ## delete the private database of `make run` (FORCE=1: without asking)
	@[ "$$FORCE" ] || { read -p "Delete the database in $$LOCAL with everything in it? [y/N] " answer; [ "$$answer" = y ]; }
	@sql/cluster.sh destroy "$$LOCAL"

ci: ## everything a change must pass
	@.ci/run

sdk:
	@command -v dotnet >/dev/null || { echo "The .NET SDK is missing. Install 10.0: https://dotnet.microsoft.com/download/dotnet/10.0" >&2; exit 1; }
	@dotnet --version >/dev/null 2>&1 || { echo "No installed .NET SDK fits global.json (10.0.100 or a newer 10.0): https://dotnet.microsoft.com/download/dotnet/10.0" >&2; dotnet --list-sdks >&2; exit 1; }
