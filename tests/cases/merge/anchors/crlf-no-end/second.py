# packwright:begin imports
import os
import sys
# packwright:end imports

# packwright:begin run
run()
stop()
# packwright:end run
