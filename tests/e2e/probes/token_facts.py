"""What this process's token says, as JSON."""

import json

import tokens

facts = {'privileges': tokens.privileges(), 'administrators': tokens.administrators(), 'integrity': tokens.integrity(),
         'user': tokens.sid_text(tokens.user_sid()), 'restricted': bool(tokens.advapi32.IsTokenRestricted(tokens.token())),
         'restricting': [sid for sid, _ in tokens.sid_list(tokens.TOKEN_RESTRICTED_SIDS)],
         'logon': [sid for sid, flags in tokens.sid_list(tokens.TOKEN_GROUPS) if flags & 0xc0000000 == 0xc0000000]}
print(json.dumps(facts))
