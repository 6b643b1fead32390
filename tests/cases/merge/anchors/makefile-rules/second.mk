# packwright:begin a
build: src
	cargo build
test: build
	cargo test
# packwright:end a
