# packwright:begin imports
import os
import sys
# packwright:end imports

# packwright:begin run
stop()
# packwright:end run
