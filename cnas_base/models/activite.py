from odoo import fields, models


class MailActivityMixin(models.AbstractModel):
    """Les activités sont aux agents : Odoo en annonce deux champs au portail, qui ne peut pas les lire."""

    _inherit = "mail.activity.mixin"

    activity_exception_decoration = fields.Selection(groups="base.group_user")
    activity_exception_icon = fields.Char(groups="base.group_user")
