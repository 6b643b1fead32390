# packwright:begin imports
import os
import sys
# packwright:end imports

# packwright:begin run
run()
run()
if a:
    stop()
# packwright:end run