# Every target sets up what it needs first. See README.md.
NODE := node_modules/.bin/node
JEST := $(NODE) --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js

.PHONY: setup peers check test demo bench generate soak

setup: ## Debian packages, Node and npm packages; quick when done
	@.ci/setup

peers: setup ## third-party programs that tests run against
	@test/peers/build

check: setup ## types, lint, format, imports, dead code, generated files, house numbers
	@$(NODE) test/architecture/check.ts

test: setup peers ## everything; ends with "N passed, N failed, N skipped"
	@$(JEST) $(TESTS)

demo: setup peers ## from nothing to a booted layered image
	@$(NODE) examples/demo/main.ts

bench: setup ## tables on standard output, JSON under bench/results
	@$(NODE) bench/main.ts

generate: setup ## CRDs, roles, reference pages, the list of what differs from a real kube-apiserver
	@$(NODE) src/main/generate.ts
	@$(NODE) test/contract/parity/page.ts

soak: setup peers ## the long forms of fault, crash and fuzz tests
	@LAMINA_SOAK=1 $(JEST) $(TESTS)
