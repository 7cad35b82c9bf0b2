"""What the newsroom's models ask of Wagtail's settings; the service's settings take all of it."""

WAGTAILIMAGES_IMAGE_MODEL = "newsroom.Picture"
WAGTAILIMAGES_EXTENSIONS = ["jpg", "jpeg", "png", "webp"]
WAGTAILIMAGES_MAX_UPLOAD_SIZE = 50_000_000
WAGTAILDOCS_DOCUMENT_MODEL = "newsroom.UploadedDocument"
# Uploads are private: only the admin serves them, to those who are logged in to it.
MEDIA_URL = "/admin/media/"
WAGTAILDOCS_SERVE_METHOD = "direct"
WAGTAIL_ALLOW_UNICODE_SLUGS = False
# Wagtail's own would publish past the checks and the acts of the newsroom.
WAGTAIL_FINISH_WORKFLOW_ACTION = "distributor.newsroom.finishing.stay"
WAGTAIL_WORKFLOW_REQUIRE_REAPPROVAL_ON_EDIT = True
WAGTAILADMIN_COMMENTS_ENABLED = False
