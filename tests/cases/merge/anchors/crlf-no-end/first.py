# packwright:begin imports
import os
# packwright:end imports

# packwright:begin run
run()
# packwright:end run