from odoo import _, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import dit_absent, lire_date, lire_texte, sans_accent

NATURES = {"deces": "deces", "mort": "deces", "acte de deces": "deces", "naissance": "naissance", "acte de naissance": "naissance"}
GENRES = {"m": "masculin", "masculin": "masculin", "homme": "masculin", "f": "feminin", "feminin": "feminin", "femme": "feminin"}


class ImportFichier(models.Model):
    """Les actes d'état civil : un acte par ligne ; importé, il attend la décision d'un agent (`cnas.evenement_civil`)."""

    _inherit = "cnas.import_fichier"
    _roles_etat_civil = ("cnas_base.group_agent",)

    sujet = fields.Selection(selection_add=[("etat_civil", "Actes d'état civil")], ondelete={"etat_civil": "cascade"})

    def _juger_etat_civil(self, tableau):
        """Rend le verdict de chaque acte, sans rien écrire."""
        lus = [self._lire_acte(ligne) for ligne in tableau]
        assures = self.env["cnas.assure"].sudo()
        numeros = sorted({vals["matricule"] for vals, _erreurs in lus if vals.get("matricule")})
        dossiers = assures._resoudre_matricules(numeros) if numeros else {}
        par_nni = {a.nni: a.id for a in assures.search([("nni", "in", [v["nni"] for v, _e in lus if v.get("nni")])])}
        connus = {(e.nature, e.numero_acte): e for e in self.env["cnas.evenement_civil"].sudo().search(
            [("numero_acte", "in", [v["numero_acte"] for v, _e in lus if v.get("numero_acte")])])}
        vus, verdicts = {}, []
        for ligne, (vals, erreurs) in zip(tableau, lus):
            cle = (vals.get("nature"), vals.get("numero_acte"))
            if vus.setdefault(cle, ligne.numero) != ligne.numero:
                erreurs.append(_("répète la ligne %s.", vus[cle]))
            dossier = dossiers.get(vals.get("matricule")) or par_nni.get(vals.get("nni"))
            if (vals.get("matricule") or vals.get("nni")) and not dossier:
                erreurs.append(_("aucun dossier sous ce matricule ou ce NNI."))
            verdicts.append(self.env["cnas.import_fichier.ligne"]._verdict(
                [ligne.numero], vals.get("numero_acte"), {**vals, "assure_id": dossier or None}, [(ligne.numero, phrase) for phrase in erreurs],
                note=False if dossier else _("Sans matricule ni NNI : un agent choisira le dossier."), connue=connus.get(cle)))
        return verdicts

    def _appliquer_etat_civil(self, lignes):
        """Crée les événements à décider ; un refus n'arrête pas les autres."""
        for ligne in lignes:
            ligne._tenter(self._ecrire_acte)

    # ------------------------------------------------------------------ privé
    def _ecrire_acte(self, ligne):
        donnees = ligne.donnees
        return self.env["cnas.evenement_civil"].sudo()._creer([{
            **{nom: donnees.get(nom) or False for nom in ("nature", "numero_acte", "date_evenement", "nom", "prenom", "genre", "assure_id")},
            "recu_par_id": self.env.uid}])

    @staticmethod
    def _lire_acte(ligne):
        """Rend (valeurs, erreurs) d'une ligne."""
        ecrit = {nom: "" if dit_absent(valeur) else " ".join(lire_texte(valeur, 200).split()) for nom, valeur in ligne.items()}
        vals, erreurs = {nom: ecrit[nom] for nom in ("numero_acte", "nom", "prenom", "matricule", "nni") if ecrit.get(nom)}, []
        vals["nature"] = NATURES.get(sans_accent(ecrit.get("nature") or ""))
        if not vals["nature"]:
            erreurs.append(_("nature « %s » inconnue : décès ou naissance.", ecrit.get("nature") or ""))
        if not vals.get("numero_acte"):
            erreurs.append(_("le numéro d'acte manque."))
        if ecrit.get("genre"):
            vals["genre"] = GENRES.get(sans_accent(ecrit["genre"]))
            if not vals["genre"]:
                erreurs.append(_("genre « %s » inconnu : M ou F.", ecrit["genre"]))
        try:
            jour = lire_date(ligne.get("date_evenement") if ecrit.get("date_evenement") else None, None, _("Date"))
        except UserError as refus:
            erreurs.append(str(refus))
        else:
            if not jour or jour > aujourd_hui():
                erreurs.append(_("la date de l'événement manque, ou est à venir (%s).", ecrire_date(jour) if jour else ""))
            else:
                vals["date_evenement"] = str(jour)
        return vals, erreurs
