# packwright:begin a
build:
	npm build
test:
	npm test
lint: build
	clippy
# packwright:end a
