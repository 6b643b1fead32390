# packwright:begin imports
import sys
import os
# packwright:end imports

# packwright:begin run
stop()
# packwright:end run