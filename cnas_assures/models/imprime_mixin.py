from odoo import fields, models


class Imprime(models.AbstractModel):
    """Ce qu'un papier délivré porte d'une personne : ses textes et sa photo, copiés à l'émission, redits à chaque tirage.

    Le modèle qui hérite a un `assure_id` et une méthode `_identites_du_jour`.
    """

    _name = "cnas.imprime.mixin"
    _description = "Papier délivré"

    _champs_geles = ("imprime", "photo_imprimee")

    imprime = fields.Json(
        string="Identité imprimée", readonly=True, copy=False, groups="cnas_base.group_agent",
        help="Les personnes telles que le papier les porte, copiées à l'émission.")
    photo_imprimee = fields.Binary(
        string="Photo imprimée", attachment=True, readonly=True, copy=False, groups="cnas_base.group_agent")

    def _copie_du_jour(self):
        """Rend les valeurs à figer à l'émission."""
        self.ensure_one()
        photo = self.assure_id.with_context(bin_size=False).photo
        return {"imprime": {**self._identites_du_jour(), "avec_photo": bool(photo)}, "photo_imprimee": photo}

    def _identites(self):
        """Rend ce que le papier porte, tel que copié à l'émission."""
        self.ensure_one()
        return self.sudo().imprime or self._identites_du_jour()

    def _photo_du_papier(self):
        """Rend la photo que le papier porte (base64) ; celle du jour si rien n'a encore été copié."""
        self.ensure_one()
        papier = self.sudo().with_context(bin_size=False)
        # Un papier d'avant cette copie n'a que ses textes.
        if "avec_photo" in (papier.imprime or {}):
            return papier.photo_imprimee
        return papier.assure_id.photo
