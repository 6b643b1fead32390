# packwright:begin a
VERSION := 1
build: src
	cargo build
# packwright:end a
