"""Documents that families hand in: taken in, judged by their bytes, sealed into a folder, and scanned."""

from gateway.uploads.contents import check_content
from gateway.uploads.examiner import Examiner
from gateway.uploads.folder import UploadFolder, UploadMissing
from gateway.uploads.intake import Intake, TooBusy, WrongLength
from gateway.uploads.refusal import ContentRefused

__all__ = [
    "ContentRefused",
    "Examiner",
    "Intake",
    "TooBusy",
    "UploadFolder",
    "UploadMissing",
    "WrongLength",
    "check_content",
]
