# packwright:begin a
.PHONY: build
build:
	cargo build
lint: build
	clippy
# packwright:end a
