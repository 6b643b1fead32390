#!/bin/sh
cat src/*.txt
