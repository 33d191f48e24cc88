# Every module of the workspace is covered by the package pattern "work"; "./..." would stop at the root module's border.
GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# How long each fuzz target runs: make fuzz FUZZTIME=5m
export FUZZTIME ?= 10s

# How long the fault scenario takes: make soak SOAK=1h
SOAK ?= 10m

# The packages whose tests need nothing but Go.
SHORT = $$(go list work | grep -v /internal/interop)

# The race detector needs cgo, and so a C compiler.
RACE := $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)

# The race detector has pools lose what they hold, so allocations are counted once more without it.
ALLOCATIONS = go test -run Alloc $$(go list work | grep -Ev '/(examples|internal/(bench|interop|tools))')

.DEFAULT_GOAL := help
.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' Makefile

.PHONY: all
all: lint standalone api api-gate docs-check test fuzz ## Everything that CI runs

.PHONY: demo
demo: ## Run the quickstart: a protected API on three frameworks, with its own authorization server
	@echo "compiling, which takes a minute or two the first time"
	scripts/demo

.PHONY: test
test: setup ## Run every test of every module (needs Go, a C compiler, Node.js and npm; installs what apt can)
	go test -race -shuffle=on work
	$(ALLOCATIONS)

.PHONY: test-short
test-short: ## Run the tests that need nothing but Go
	go test $(RACE) -shuffle=on $(SHORT)
	$(ALLOCATIONS)

.PHONY: setup
setup: ## Install what the full test suite needs
	scripts/setup

.PHONY: lint
lint: ## Check the format, run vet, staticcheck and the rules of .golangci.yml
	$(GOLANGCI_LINT) run $$(go list -m -f '{{.Dir}}/...')

.PHONY: fmt
fmt: ## Format every Go file
	$(GOLANGCI_LINT) fmt

.PHONY: standalone
standalone: ## Vet each module without the workspace, as its users see it, and check that its go.mod is tidy
	scripts/standalone

.PHONY: api
api: ## Compare the exported API with api/
	go run ./internal/tools/api

.PHONY: api-update
api-update: ## Write the exported API to api/
	go run ./internal/tools/api -update

.PHONY: api-gate
api-gate: ## Compare the exported API with that of the last release
	scripts/api-gate

.PHONY: upgraded
upgraded: ## Vet and test each module with all of its dependencies upgraded, in a copy of the tree
	scripts/upgraded

.PHONY: docs
docs: ## Write the code of the guides, and check the Markdown files
	go run ./internal/tools/docs -update

.PHONY: docs-check
docs-check: ## Check links, anchors, commands and code of the Markdown files
	go run ./internal/tools/docs

.PHONY: reasons
reasons: ## Write docs/reasons.md from the source
	go run ./internal/tools/reasons

.PHONY: interop-docs
interop-docs: setup ## Write the tables of docs/interop.md from what the interop suites observe
	go test -p 1 ./internal/interop/... -run '^Test(Flows|Servers|Peers|Conformance)$$' -update

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (default 10s)
	scripts/fuzz

.PHONY: screenshot
screenshot: setup ## Take docs/playground.png anew
	go test -count=1 -run TestPlaygroundLooks ./internal/interop -screenshot $(CURDIR)/docs/playground.png

.PHONY: bench
bench: ## Measure against other libraries for about a quarter of an hour and write docs/benchmarks.*; BENCH="-only ..." only prints
	scripts/bench $(BENCH)

.PHONY: fuzz-corpus
fuzz-corpus: ## Add a few small inputs that make fuzz has found to testdata/fuzz, if they reach new code
	scripts/fuzz-targets | go run ./internal/tools/fuzzcorpus

.PHONY: mutation
mutation: ## Break the source a line at a time and list what no test notices, for hours; PKG=./jwks for one package
	nice go run ./internal/tools/mutate $(PKG)

.PHONY: soak
soak: setup ## Run the fault scenario of docs/reliability.md for SOAK (default 10m)
	go test -tags soak -count=1 -v -timeout 0 -run TestFaultsLong ./internal/interop/soak -args -duration $(SOAK)

.PHONY: cover
cover: ## Measure how much of the libraries the tests reach, without the interop suites
	go test -coverprofile=coverage.out -coverpkg=$$(go list work | grep -Ev '/(examples|internal/(bench|interop|tools))' | paste -sd ,) $(SHORT)
	go tool cover -func=coverage.out | tail -n 1
