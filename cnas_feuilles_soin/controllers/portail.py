import base64

from werkzeug import urls

from odoo import _, _lt, fields
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import request

from odoo.addons.cnas_assures.qr import texte_de_carte
from odoo.addons.cnas_base.controllers.portail import CONTROLE as _CONTROLE
from odoo.addons.cnas_base.controllers.portail import Liste, espace, mises_en_forme
from odoo.addons.cnas_base.impression.langue import dire_a
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.portal.controllers.portal import CustomerPortal

FICHIERS_MAX = 10
ETATS_DECIDES = ("validee", "rejetee", "payee")
REPONSES_JOURS = 7
REPONSES_MONTREES = 5


# Route de l'espace formation : voir `cnas_base.controllers.portail.espace`.
espace_formation = espace("cnas_base.group_portail_formation", "/my/formation")
FEUILLES = Liste(
    _lt("Feuilles de soins"), "cnas.feuille_soin", "/my/formation/feuilles", ("numero", "reference", "assure_id.name", "assure_id.matricule"),
    _lt("Numéro, référence, nom ou matricule"), "date_depot",
    {"soins": (_lt("Par date des soins"), "date_soins desc, id desc"), "montant": (_lt("Par montant"), "montant_facture desc, id desc")})
ENTENTES = Liste(
    _lt("Ententes préalables"), "cnas.entente_prealable", "/my/formation/ententes",
    ("numero", "assure_id.name", "assure_id.matricule", "prestation_id.name"), _lt("Numéro, nom, matricule ou prestation"), "date_demande")


class PortailFormation(CustomerPortal):
    """Espace d'une formation sanitaire : pages légères (sans les feuilles de style d'Odoo), utilisables au téléphone.

    La règle d'enregistrement est le vrai mur : tout est cherché avec les droits de l'usager. Une feuille
    absente et une feuille interdite donnent la même réponse.
    """

    # ------------------------------------------------------------------ pages
    @espace_formation("/my/formation")
    def accueil(self, **parametres):
        """Comptes par état, vérification des droits, raccourcis."""
        comptes = dict(request.env["cnas.feuille_soin"]._read_group(self._domaine_feuilles(), ["state"], ["__count"]))
        etats = self._etats()
        return self._rendre("cnas_feuilles_soin.portail_accueil", {
            "page": "accueil",
            "comptes": [(cle, libelle, comptes[cle]) for cle, libelle in etats.items() if comptes.get(cle)],
            "dossiers": self._compter_les_listes(), "reponses": self._reponses_recentes(),
        })

    @espace_formation("/my/formation/droits")
    def droits(self, matricule="", date="", **_parametres):
        """Vérifie les droits d'un assuré à une date (matricule, numéro de carte ou contenu du QR)."""
        return self._rendre_droits(matricule, date)

    @espace_formation(["/my/formation/feuilles", "/my/formation/feuilles/page/<int:numero_page>"])
    def feuilles(self, numero_page=1, **parametres):
        """Liste des feuilles de la formation : recherche, états, dates, tris, vingt par page."""
        return self._rendre_liste(FEUILLES, "cnas_feuilles_soin.portail_feuilles", "feuilles", numero_page, parametres,
                                  domaine=self._domaine_feuilles())

    @espace_formation(["/my/formation/ententes", "/my/formation/ententes/page/<int:numero_page>"])
    def ententes(self, numero_page=1, **parametres):
        """Liste des ententes préalables de la formation."""
        return self._rendre_liste(ENTENTES, "cnas_feuilles_soin.portail_liste_ententes", "ententes", numero_page, parametres)

    @espace_formation("/my/formation/feuilles/<int:feuille_id>")
    def feuille(self, feuille_id, message="", **parametres):
        """Une feuille : lignes, montants, motifs, pièces ; en instance, de quoi compléter."""
        feuille = self._feuille(feuille_id)
        if not feuille:
            return request.redirect("/my/formation/feuilles")
        return self._rendre_feuille(feuille, message)

    @espace_formation("/my/formation/feuilles/<int:feuille_id>/completer", methods=["POST"])
    def completer(self, feuille_id, **parametres):
        """Reçoit des pièces pour un dossier en instance et le remet dans le circuit s'il est complet."""
        feuille = self._feuille(feuille_id)
        if not feuille:
            return request.redirect("/my/formation/feuilles")
        try:
            with request.env.cr.savepoint():
                self._recevoir_pieces(feuille)
        except UserError as refus:
            return self._rendre_feuille(feuille, erreur=str(refus))
        message = "complet" if self._regulariser_si_complet(feuille) else "incomplet"
        return request.redirect(f"/my/formation/feuilles/{feuille.id}?message={message}")

    @espace_formation("/my/formation/feuilles/<int:feuille_id>/rectifier", methods=["POST"])
    def rectifier(self, feuille_id, quoi="", total="", sortie="", **parametres):
        """Corrige le total (ou accepte celui des lignes) ou date la sortie d'une feuille en instance."""
        feuille = self._feuille(feuille_id)
        if not feuille:
            return request.redirect("/my/formation/feuilles")
        gestes = {"accepter": feuille.action_accepter_total, "total": lambda: feuille.action_corriger_total(total),
                  "sortie": lambda: feuille.action_dater_sortie(sortie)}
        try:
            with request.env.cr.savepoint():
                gestes.get(quoi, list)()
        except UserError as refus:
            return self._rendre_feuille(feuille, erreur=str(refus))
        message = "rectifie" if feuille.sudo().state == "instance" else "complet_rectifie"
        return request.redirect(f"/my/formation/feuilles/{feuille.id}?message={message}")

    @espace_formation("/my/formation/feuilles/<int:feuille_id>/retirer", methods=["POST"])
    def retirer(self, feuille_id, motif="", **parametres):
        """Retire une feuille dont le contrôle n'a pas commencé."""
        feuille = self._feuille(feuille_id)
        if not feuille:
            return request.redirect("/my/formation/feuilles")
        if not motif.strip():
            return self._rendre_feuille(feuille, erreur=_("Dites pourquoi vous retirez cette feuille."))
        try:
            with request.env.cr.savepoint():
                feuille.action_retirer(motif)
        except UserError as refus:
            return self._rendre_feuille(feuille, erreur=str(refus))
        return request.redirect(f"/my/formation/feuilles/{feuille.id}?message=retiree")

    @espace_formation("/my/formation/pieces/<int:piece_id>")
    def piece(self, piece_id, **parametres):
        """Rend le fichier d'une pièce de la formation."""
        try:
            piece = request.env["cnas.feuille_soin.piece"].browse(piece_id)
            piece.check_access_rule("read")
            piece = piece.sudo().exists()
        except (AccessError, MissingError):
            piece = None
        if not piece:
            return request.redirect("/my/formation/feuilles")
        piece.attachment_id.sudo(False)._journaliser_lecture()
        return request.env["ir.binary"].sudo()._get_stream_from(piece.attachment_id).get_response(as_attachment=True)

    # ------------------------------------------------------------------ privé
    def _prepare_home_portal_values(self, counters):
        """Les compteurs de l'accueil : un par liste demandée, ce que l'usager peut lire."""
        valeurs = super()._prepare_home_portal_values(counters)
        if request.env.user.has_group("cnas_base.group_portail_formation"):
            for nom, liste in self._listes().items():
                if nom in counters:
                    valeurs[nom] = liste.compter(self._domaine_feuilles())
        return valeurs

    def _compter_les_listes(self):
        """Rend [(adresse, nom, nombre)] des listes qui ne sont pas vides, celle des feuilles à part."""
        listes = {cle: liste for cle, liste in self._listes().items() if cle != "feuilles"}
        nombres = self._prepare_home_portal_values(list(listes))
        return [(liste.adresse, str(liste.nom), nombres[cle]) for cle, liste in listes.items() if nombres[cle]]

    @staticmethod
    def _reponses_recentes():
        """Rend les demandes d'entente auxquelles la caisse vient de répondre."""
        return request.env["cnas.entente_prealable"].search(
            [("date_decision", ">=", fields.Datetime.subtract(fields.Datetime.now(), days=REPONSES_JOURS))],
            limit=REPONSES_MONTREES, order="date_decision desc, id desc").sudo()

    def _listes(self):
        """Rend {compteur: liste} de l'espace ; un addon du dessus y ajoute les siennes. Toutes portent `formation_id`."""
        return {"feuilles": FEUILLES, "ententes": ENTENTES}

    def _rendre_liste(self, liste, gabarit, page, numero_page, parametres, domaine=(), **valeurs):
        return self._rendre(gabarit, {"page": page, **liste.page(numero_page, domaine, **parametres), **valeurs})

    def _rendre(self, gabarit, valeurs):
        return request.render(gabarit, {
            "formations": request.env.user.sudo().formation_ids,
            "etats": self._etats(), "decides": ETATS_DECIDES, **mises_en_forme(),
            "usager": request.env.user, **valeurs,
        })

    def _rendre_droits(self, matricule, date="", erreur=None):
        """Rend les droits d'un assuré, et de quoi reconnaître qui porte la carte."""
        if "/cnas/verifier/" in matricule:
            return request.redirect("/cnas/verifier/" + urls.url_quote(matricule.strip().rpartition("/")[2][:400], safe=""))
        resultat, porteur, date = None, None, date or fields.Date.to_string(aujourd_hui())
        if matricule.strip():
            try:
                resultat = self._verifier_droits(matricule, date)
            except UserError as refus:
                erreur = str(refus)
        if resultat and resultat["trouve"]:
            porteur = request.env["cnas.assure"].sudo()._fiche_du_porteur(resultat["matricule"], date, request.env.user)
        return self._rendre("cnas_feuilles_soin.portail_droits", {
            "page": "droits", "matricule": matricule.strip(), "resultat": resultat, "porteur": porteur, "erreur": erreur, "date": date})

    def _rendre_feuille(self, feuille, message="", erreur=None):
        dossier = feuille.sudo()
        motifs = {}
        for anomalie in dossier.anomalie_ids.filtered(lambda a: a.state == "ouverte"):
            motifs.setdefault(anomalie.ligne_id.id, []).append(anomalie)
        types = self._types_piece()
        manquants = types.browse(dossier._pieces_manquantes().get(feuille.id, {})) if dossier.state == "instance" else types[:0]
        return self._rendre("cnas_feuilles_soin.portail_feuille", {
            "page": "feuilles", "feuille": dossier, "motifs": motifs, "erreur": erreur,
            "message": self._phrase(dossier, message), "types_piece": types,
            "types_proposes": [*manquants, *(types - manquants)][:max(1, len(manquants))],
            "demandes": dossier.demande_ids.filtered(lambda d: d.state == "en_attente"), "peut_retirer": feuille.peut_retirer,
        })

    def _phrase(self, feuille, message):
        """Rend la phrase annoncée en tête d'une feuille ; un mot inconnu n'annonce rien."""
        phrases = {
            "deposee": _("Feuille déposée sous le numéro %s.", feuille.numero or ""),
            "complet": _("Pièces reçues : le dossier est complet et repart dans le circuit."),
            "rectifie": _("Rectification enregistrée : il manque encore quelque chose."),
            "complet_rectifie": _("Rectification enregistrée : le dossier repart dans le circuit."),
            "incomplet": _("Pièces reçues : il en manque encore."),
            "retiree": _("Feuille retirée : son numéro est libre, vous pouvez en envoyer une autre."),
        }
        if message == "deposee" and feuille.state == "instance":
            return phrases["deposee"] + " " + _("Il manque une pièce : joignez-la ci-dessous.")
        return phrases.get(message, "")

    def _domaine_feuilles(self):
        return [("formation_id", "in", request.env.user.sudo().formation_ids.ids)]

    @staticmethod
    def _formation_choisie(code):
        """Rend la formation de l'usager que dit ce code, sa première si aucun n'est écrit, un ensemble vide sinon.

        Un code qui n'est pas le sien (ou ne l'est plus) ne vaut pas sa première : un compte bancaire changerait de maison.
        """
        formations = request.env.user.sudo().formation_ids
        return formations.filtered(lambda f: f.code == code) if code else formations[:1]

    def _exiger_formation(self, code):
        """Rend la formation choisie. :raise UserError: formation d'autrui, ou usager sans formation"""
        choisie = self._formation_choisie(code)
        if not choisie:
            raise UserError(_("La formation « %s » n'est pas la vôtre.", code[:64]) if code else _(
                "Votre compte n'est rattaché à aucune formation : écrivez à la CNAS."))
        return choisie

    @staticmethod
    def _chercher(modele, identifiant):
        """Rend l'enregistrement si l'usager peut le lire, un ensemble vide sinon."""
        return request.env[modele].search([("id", "=", identifiant)])

    def _feuille(self, feuille_id):
        """Rend la feuille si l'usager peut la lire, un ensemble vide sinon."""
        return request.env["cnas.feuille_soin"].search([("id", "=", feuille_id), *self._domaine_feuilles()])

    def _etats(self):
        return dict(request.env["cnas.feuille_soin"].sudo()._fields["state"]._description_selection(request.env))

    def _verifier_droits(self, matricule, date=""):
        """Rend la réponse de `verifier_droits` ; le QR d'une carte doit être signé par la CNAS et la carte active."""
        texte = texte_de_carte(matricule.strip()[:400])
        if "|" in texte:
            carte = request.env["cnas.carte"].sudo().verifier_qr(texte)
            if not carte["valide"]:
                return {"trouve": False, "motif": carte["motif"]}
            texte = carte["matricule"]
        return request.env["cnas.assure"].sudo().verifier_droits(texte, date[:32] or False)

    def _types_piece(self):
        """Types proposés, « Autre pièce » en dernier."""
        types = request.env["cnas.type_piece"].sudo().search([("usage", "=", "feuille")])
        return types.sorted(lambda t: (t.code == "AUTRE", t.sequence, t.id))

    def _fichiers_recus(self):
        """Rend [(code du type, nom, octets)] : un type par champ de fichier, dans l'ordre du formulaire.

        :raise UserError: plus de dix fichiers
        """
        codes = request.httprequest.form.getlist("type_piece")
        recus = []
        for rang, code in enumerate(codes[:FICHIERS_MAX]):
            recus += [(code[:64], f.filename, f) for f in request.httprequest.files.getlist(f"fichiers_{rang}") if f.filename]
        if len(recus) > FICHIERS_MAX:
            raise UserError(_("Envoyez au plus %s fichiers à la fois.", FICHIERS_MAX))
        return [(code, _CONTROLE.sub("", nom)[:255], fichier.read()) for code, nom, fichier in recus]

    def _recevoir_pieces(self, feuille):
        if feuille.sudo().state != "instance":
            raise UserError(_("Cette feuille n'attend plus de pièce."))
        fichiers = self._fichiers_recus()
        if not fichiers:
            raise UserError(_("Choisissez au moins un fichier."))
        types = {t.code: t.id for t in self._types_piece()}
        request.env["cnas.feuille_soin.piece"].sudo().create([{
            "feuille_id": feuille.id, "type_id": types.get(code), "name": nom, "contenu": base64.b64encode(octets),
        } for code, nom, octets in fichiers])
        dossier = feuille.sudo()
        dossier._message_log(body=dire_a(dossier.controleur_id, dossier, lambda self: _(  # le fil se lit à la caisse
            "%(nombre)s pièce(s) envoyée(s) par la formation (%(qui)s).", nombre=len(fichiers), qui=request.env.user.name)))

    def _regulariser_si_complet(self, feuille):
        """Remet le dossier dans le circuit et rend True ; False s'il manque encore une pièce."""
        try:
            with request.env.cr.savepoint():
                feuille.sudo().action_regulariser()
        except UserError:
            return False
        return True
