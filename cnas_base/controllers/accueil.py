from odoo import http
from odoo.http import request

from odoo.addons.web.controllers.home import Home


class Accueil(Home):
    """La porte du client web."""

    @http.route()
    def web_client(self, s_action=None, **kw):
        """Qui a encore le mot de passe qu'on lui a donné choisit le sien avant d'entrer."""
        usager = request.env["res.users"].sudo().browse(request.session.uid or [])
        if usager.mot_de_passe_provisoire:
            return request.redirect(usager._lien_mot_de_passe(), 303)
        return super().web_client(s_action=s_action, **kw)
