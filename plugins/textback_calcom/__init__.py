"""Cal.com: links that know who they are for, and appointments told by signed webhooks."""

from textback_calcom.plugin import CalCom
from textback_calcom.settings import Settings

__all__ = ["CalCom", "Settings"]
