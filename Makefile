# Everything below installs what it needs into .tools and the usual caches; Go,
# Node.js and Python 3 have to be there.

.DEFAULT_GOAL := help

GOLANGCI_LINT_VERSION := v2.15.0
GOLANGCI_LINT := .tools/bin/golangci-lint-$(GOLANGCI_LINT_VERSION)

ACTIONLINT_VERSION := v1.7.12
ACTIONLINT := .tools/bin/actionlint-$(ACTIONLINT_VERSION)

# Node 20 is the oldest version that this project supports; jsii would print a
# banner about its end of life at every run.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION ?= 20

# A built program, because "go run" would add its own lines to error messages.
DEV := go build -o .tools/bin/dev ./internal/dev && .tools/bin/dev

.PHONY: help
help: ## Print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Deploy staging to a local AWS and show the result (KEEP=1 leaves it running)
	@go build -o .tools/bin/preview ./internal/dev/preview
	@$(DEV) demo $(if $(filter 1,$(KEEP)),--keep)

# What Chromium is called, as internal/test/browser looks for it.
BROWSERS := chromium chromium-browser google-chrome

# "go test" keeps quiet about what the tests of a passing package skip.
.PHONY: browser
browser:
	@for name in $(BROWSERS); do command -v $$name > /dev/null && exit; done; \
	echo "NOT TESTED: the pictures of dashboards in a browser. Chromium is missing: apt-get install -y --no-install-recommends chromium" >&2

# The longest first, and four packages at once at least: they wait for the provider.
.PHONY: test
test: browser ## Run the tests: Go, synth, terraform validate, terraform apply on a local AWS, omc, documents
	cpus=$$(getconf _NPROCESSORS_ONLN) && \
	go test -count=1 -timeout=40m -p $$((cpus > 4 ? cpus : 4)) . ./internal/test/doctest ./constructs/synth/fastsynth ./...

.PHONY: documents
documents: ## Run only the test that runs the commands of README.md and docs/, and show what ran
	go test -count=1 -timeout=40m -run '^TestDocuments$$' -v ./internal/test/doctest

.PHONY: synth
synth: ## Write the Terraform JSON of both stacks to cdktf.out
	@$(DEV) synth

.PHONY: validate
validate: ## Run terraform validate on every snapshot
	go test -count=1 -run '^TestValidate' .

.PHONY: snapshots
snapshots: ## Rewrite __snapshots__ after a change that is meant; review the diff
	UPDATE_SNAPS=true go test -count=1 -run '^(TestDocument|TestAlarmsAreAsReviewed|TestRunbookTemplates|TestMessages)$$' ./internal/test/coverage ./constructs/monitoring/kinds ./constructs/events
	UPDATE_SNAPS=true go test -count=1 -run '^TestScenariosNoticeWrongAlarms$$' ./stacks
	UPDATE_SNAPS=true go test -count=1 -run '^(TestSnapshots|TestReadmeAlarmTable|TestKindsTable|TestEventTable|TestEnvironmentTable|TestCostTable|TestHeldTable|TestCounts)$$' .

.PHONY: drill
drill: ## Walk through the runbook and the guides on a local AWS, and report each procedure
	@go build -o .tools/bin/drill ./internal/test/doctest/drill && .tools/bin/drill

# ENV reaches the program through the environment, never through a shell.
.PHONY: diff
diff: ## Show what a deployment would change: make diff ENV=staging
	@$(DEV) diff "$$ENV"

.PHONY: deploy
deploy: ## Deploy the operations stack: make deploy ENV=staging
	@$(DEV) deploy "$$ENV"

.PHONY: plan
plan: ## Plan with Terraform and keep the plan, as the pipeline does: make plan ENV=staging
	@$(DEV) plan "$$ENV"

.PHONY: apply
apply: ## Apply that plan and nothing else: make apply ENV=staging
	@$(DEV) apply "$$ENV"

.PHONY: preview
preview: ## Play a scenario and draw the dashboard without AWS: make preview ENV=staging
	@go build -o .tools/bin/preview ./internal/dev/preview && .tools/bin/preview "$$ENV"

.PHONY: bench
bench: ## Time synth with terraform validate, and synth with and without fastsynth (BASE=main: beside that commit)
	@$(DEV) bench
	@go run ./internal/dev/bench $(if $(BASE),-base "$$BASE")

.PHONY: lint
lint: $(GOLANGCI_LINT) $(ACTIONLINT) ## Check format, vet, static analysis, import rules, doc comments and workflows
	$(GOLANGCI_LINT) run
	$(ACTIONLINT)
	go mod tidy -diff

$(GOLANGCI_LINT):
	GOBIN=$(CURDIR)/.tools/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv .tools/bin/golangci-lint $@

$(ACTIONLINT):
	GOBIN=$(CURDIR)/.tools/bin go install github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT_VERSION)
	mv .tools/bin/actionlint $@
