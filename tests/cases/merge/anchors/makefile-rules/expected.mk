# packwright:begin a
VERSION := 1
build: src
	cargo build
test: build
	cargo test
# packwright:end a
