# packwright:begin imports
import os
# packwright:end imports

# packwright:begin run
# packwright:end run
