from odoo import SUPERUSER_ID, _, _lt, fields, http
from odoo.exceptions import UserError
from odoo.http import content_disposition, request

from odoo.addons.cnas_base.controllers.portail import CONTROLE, Liste, espace, mises_en_forme
from odoo.addons.cnas_base.ecriture import ecrire_debut, ecrire_nombre
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date, lire_montant
from odoo.addons.portal.controllers.portal import pager

from ..models.declaration_effectif_ligne import SALAIRE_MAX
from ..report.situation_pdf import dessiner_situation

ACCUEIL = "/my/employeur"
LIGNES_PAR_PAGE = 50
LIGNES_VIDES = 3
espace_employeur = espace("cnas_base.group_portail_employeur", ACCUEIL)
DECLARATIONS = Liste(
    _lt("Déclarations"), "cnas.declaration_effectif", "/my/employeur/declarations",
    # ni le nom ni le matricule que tient la caisse : on les devinerait d'un inconnu
    ("ligne_ids.matricule_declare", "ligne_ids.nom_declare", "employeur_id.raison_sociale"),
    _lt("Matricule ou nom déclaré"), "periode", {"montant": (_lt("Par montant"), "montant_appele desc, id desc")})
COTISATIONS = Liste(
    _lt("Cotisations dues"), "cnas.declaration_effectif", "/my/employeur/cotisations", DECLARATIONS.cherche, DECLARATIONS.aide, "periode")
DEMANDES = Liste(
    _lt("Demandes d'affiliation"), "cnas.demande_affiliation", "/my/employeur/affiliations", ("nom", "prenom", "matricule_declare", "nni"),
    _lt("Nom, matricule ou NNI"), "create_date")


class PortailEmployeur(http.Controller):
    """L'espace d'un employeur : déclarer, suivre ce qu'il doit, attestation de situation, affilier, changer ses contacts.

    La règle d'enregistrement est le vrai mur : tout se cherche avec les droits de l'usager, et le code n'agit que sur ce
    qu'elle a rendu. Absent et interdit donnent la même réponse. D'une personne qui n'a jamais été son salarié, l'employeur
    ne lit que ce qu'il en a écrit.
    """

    # ------------------------------------------------------------------ accueil, situation, contacts
    @espace_employeur(ACCUEIL)
    def accueil_employeur(self, **_parametres):
        """Ce qui est en retard, et les raccourcis."""
        employeur = self._employeur()
        return self._rendre_employeur("cnas_employeurs.portail_accueil", {
            "page": "accueil", "situation": employeur and employeur._situation(), "mois": self._mois_a_declarer(),
            "compteurs": [(liste.adresse, str(liste.nom), liste.compter()) for liste in (DECLARATIONS, DEMANDES)]})

    @espace_employeur("/my/employeur/attestation.pdf")
    def attestation(self, **_parametres):
        """Rend l'attestation de situation, en PDF."""
        employeur = self._employeur()
        if not employeur or employeur.state != "actif":
            return request.redirect(ACCUEIL)
        request.env["cnas.journal"]._ajouter_une_fois({"modele": "cnas.employeur", "res_id": employeur.id, "evenement": "attestation"})
        return request.make_response(dessiner_situation(employeur), [
            ("Content-Type", "application/pdf"), ("Cache-Control", "private, no-store"), ("X-Content-Type-Options", "nosniff"),
            ("Content-Disposition", content_disposition(f"situation-{employeur.matricule}.pdf"))])

    @espace_employeur("/my/employeur/contacts", methods=["GET", "POST"])
    def contacts(self, **champs):
        """Demande d'autres contacts : un superviseur accepte."""
        employeur, erreur, message = self._employeur(), "", ""
        if not employeur:
            return request.redirect(ACCUEIL)
        if request.httprequest.method == "POST":
            try:
                with request.env.cr.savepoint():
                    employeur._demander_contacts(champs)
                message = _("Demande envoyée : vos contacts changeront quand la CNAS l'aura acceptée.")
            except UserError as refus:
                erreur = str(refus)
        demandes = request.env["cnas.changement"].sudo().search(
            [("modele", "=", "cnas.employeur"), ("res_id", "=", employeur.id)], limit=5)
        return self._rendre_employeur("cnas_employeurs.portail_contacts", {
            "page": "contacts", "erreur": erreur, "message": message, "demandes": demandes, "champs": champs if erreur else {}})

    # ------------------------------------------------------------------ déclarer
    @espace_employeur(["/my/employeur/declarations", "/my/employeur/declarations/page/<int:numero_page>"])
    def declarations(self, numero_page=1, **parametres):
        """Les déclarations, et le mois à déclarer."""
        return self._rendre_declarations(numero_page, parametres)

    @espace_employeur(["/my/employeur/cotisations", "/my/employeur/cotisations/page/<int:numero_page>"])
    def cotisations(self, numero_page=1, **parametres):
        """Ce que l'employeur doit, mois par mois, d'après ses déclarations validées ; la caisse n'appelle ni n'encaisse encore ici."""
        employeur = self._employeur()
        domaine = [("state", "=", "validee"), ("employeur_id", "=", employeur.id)]
        dus = self._dus(domaine)
        return self._rendre_employeur("cnas_employeurs.portail_cotisations", {
            "page": "cotisations", "dus": dus, "en_tout": _("En tout, selon vos %s déclarations validées", ecrire_nombre(dus[3])), "situation": employeur and employeur._situation(),
            **COTISATIONS.page(numero_page, domaine, **parametres)})

    @espace_employeur("/my/employeur/declarer", methods=["POST"])
    def declarer(self, mois="", **_parametres):
        """Ouvre la déclaration d'un mois, remplie de l'effectif."""
        employeur = self._employeur()
        if not employeur:
            return request.redirect(ACCUEIL)
        try:
            with request.env.cr.savepoint():
                declaration = employeur._declarer(mois[:7])
        except UserError as refus:
            return self._rendre_declarations(1, {}, erreur=str(refus))
        return request.redirect(f"/my/employeur/declarations/{declaration.id}")

    @espace_employeur(["/my/employeur/declarations/<int:declaration_id>",
                       "/my/employeur/declarations/<int:declaration_id>/page/<int:numero_page>"])
    def declaration(self, declaration_id, numero_page=1, **_parametres):
        """Une déclaration : ses salariés, ses montants, son état."""
        declaration = self._chercher_employeur("cnas.declaration_effectif", declaration_id)
        if not declaration:
            return request.redirect("/my/employeur/declarations")
        return self._rendre_declaration(declaration, numero_page)

    @espace_employeur("/my/employeur/declarations/<int:declaration_id>/<any(enregistrer,importer,deposer,reprendre):quoi>",
                      methods=["POST"])
    def agir_declaration(self, declaration_id, quoi, numero_page="1", **_parametres):
        """Enregistre les lignes, lit un classeur, dépose, ou reprend une déclaration rejetée."""
        declaration = self._chercher_employeur("cnas.declaration_effectif", declaration_id)
        if not declaration:
            return request.redirect("/my/employeur/declarations")
        page = int(numero_page) if numero_page.isascii() and numero_page.isdigit() and len(numero_page) < 6 else 1
        gestes = {"enregistrer": self._enregistrer_lignes, "importer": self._importer_classeur,
                  "deposer": lambda d: d.action_deposer(), "reprendre": lambda d: d.action_reprendre()}
        try:
            with request.env.cr.savepoint():
                gestes[quoi](declaration.sudo())
        except UserError as refus:
            return self._rendre_declaration(declaration, page, erreur=str(refus))
        return request.redirect(f"/my/employeur/declarations/{declaration.id}" + (f"/page/{page}" if page > 1 else ""))

    @espace_employeur("/my/employeur/declarations/<int:declaration_id>/modele.xlsx")
    def modele_declaration(self, declaration_id, **_parametres):
        """Rend le classeur à remplir, avec les salariés déjà déclarés."""
        declaration = self._chercher_employeur("cnas.declaration_effectif", declaration_id).sudo()
        if not declaration:
            return request.redirect("/my/employeur/declarations")
        return request.make_response(declaration._classeur(self._salaries(declaration.ligne_ids)), [
            ("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            ("Content-Disposition", 'attachment; filename="declaration.xlsx"'), ("Cache-Control", "no-store")])

    # ------------------------------------------------------------------ affilier
    @espace_employeur(["/my/employeur/affiliations", "/my/employeur/affiliations/page/<int:numero_page>"], methods=["GET", "POST"])
    def affiliations(self, numero_page=1, **parametres):
        """Demande l'affiliation d'un salarié ; suit les demandes."""
        employeur, erreur, message = self._employeur(), "", ""
        envoi = request.httprequest.method == "POST"
        if envoi and employeur:
            try:
                with request.env.cr.savepoint():
                    request.env["cnas.demande_affiliation"]._demander(employeur, parametres)
                message = _("Demande envoyée : un agent de la CNAS va l'examiner.")
            except UserError as refus:
                erreur = str(refus)
        return self._rendre_employeur("cnas_employeurs.portail_affiliations", {
            "page": "affiliations", "erreur": erreur, "message": message, "champs": parametres if erreur else {},
            **DEMANDES.page(numero_page, **({} if envoi else parametres))})

    # ------------------------------------------------------------------ privé
    def _rendre_employeur(self, gabarit, valeurs):
        return request.render(gabarit, {
            "employeur": self._employeur(), "employeurs": self._employeurs(), **mises_en_forme(), "usager": request.env.user,
            "aujourdhui": fields.Date.to_string(aujourd_hui()), **valeurs})

    def _employeurs(self):
        """Rend les employeurs de l'usager, tels que sa règle les lui montre."""
        return request.env["cnas.employeur"].search([], order="id").sudo()

    def _employeur(self):
        """Rend l'employeur pour qui l'usager agit : le premier des siens, ou celui qu'il a choisi."""
        employeurs = self._employeurs()
        choisi = request.httprequest.args.get("employeur") or request.session.get("employeur_portail")
        trouve = employeurs.filtered(lambda e: str(e.matricule) == str(choisi))[:1] or employeurs[:1]
        if trouve and request.httprequest.args.get("employeur"):
            request.session["employeur_portail"] = trouve.matricule
        return trouve

    def _chercher_employeur(self, modele, identifiant):
        """Rend l'enregistrement si l'usager peut le lire, un ensemble vide sinon."""
        return request.env[modele].search([("id", "=", identifiant)])

    def _mois_a_declarer(self):
        return fields.Date.subtract(aujourd_hui(), months=1).strftime("%Y-%m")

    def _rendre_declarations(self, numero_page, parametres, erreur=""):
        return self._rendre_employeur("cnas_employeurs.portail_declarations", {
            "page": "declarations", "erreur": erreur, "mois": self._mois_a_declarer(),
            **DECLARATIONS.page(numero_page, **parametres)})

    def _rendre_declaration(self, declaration, numero_page, erreur=""):
        declaration = declaration.sudo()
        lignes = declaration.ligne_ids
        pages = pager(f"/my/employeur/declarations/{declaration.id}", len(lignes), page=numero_page, step=LIGNES_PAR_PAGE)
        montrees = lignes[max(0, pages["offset"]):][:LIGNES_PAR_PAGE]
        titres, en_plus = lignes._titres_en_plus(declaration.periode), montrees._en_plus()
        return self._rendre_employeur("cnas_employeurs.portail_declaration", {
            "page": "declarations", "declaration": declaration, "lignes": montrees, "salaries": self._salaries(montrees), "pager": pages,
            "numero_page": pages["page"]["num"] or 1, "erreur": erreur, "vides": range(LIGNES_VIDES),
            "titres_en_plus": titres, "en_plus": {ligne.id: montants for ligne, montants in en_plus.items()},
            "libelles": dict(declaration._fields["state"]._description_selection(request.env)),
            "ecarts": dict(montrees._fields["ecart"]._description_selection(request.env))})

    @staticmethod
    def _dus(domaine):
        """Rend (part employeur, part salariés, total, nombre) des déclarations du domaine que l'usager lit."""
        return request.env["cnas.declaration_effectif"]._read_group(
            domaine, [], ["montant_employeur:sum", "montant_salarie:sum", "montant_appele:sum", "__count"])[0]

    @staticmethod
    def _salaries(lignes):
        """Rend {ligne: (matricule, nom)} : ceux de la caisse pour qui est ou fut son salarié, ce que l'employeur a écrit sinon."""
        emplois = request.env["cnas.emploi"].search([("assure_id", "in", lignes.assure_id.ids)]).sudo()
        siens = emplois.assure_id
        return {ligne.id: (ligne.assure_id.matricule, ligne.assure_id.name) if ligne.assure_id in siens
                else (ligne.matricule_declare or "", ligne.nom_declare or "") for ligne in lignes}

    @staticmethod
    def _enregistrer_lignes(declaration):
        """Écrit les salaires corrigés, retire les lignes cochées, ajoute les nouvelles."""
        declaration._exiger_brouillon()
        formulaire = {nom: CONTROLE.sub("", valeur) for nom, valeur in request.httprequest.form.items()}
        lecteur = declaration.ligne_ids._lecteur_en_plus(declaration.periode)

        def lire_en_plus(cle):
            return lecteur(lambda champ: formulaire.get(f"{champ}_{cle}"))
        retirees = declaration.ligne_ids.filtered(lambda ligne: formulaire.get(f"retirer_{ligne.id}"))
        gardees = declaration.ligne_ids - retirees
        gardees._corriger({
            ligne: (lire_montant(formulaire[f"salaire_{ligne.id}"], quoi=_("Salaire"), maximum=SALAIRE_MAX), lire_en_plus(ligne.id))
            for ligne in gardees if f"salaire_{ligne.id}" in formulaire})
        retirees.unlink()
        nouvelles = [{"matricule": formulaire.get(f"matricule_n{rang}", "").strip()[:32], "nom": formulaire.get(f"nom_n{rang}", "").strip()[:128],
                      "salaire": formulaire.get(f"salaire_n{rang}", ""), "embauche": formulaire.get(f"embauche_n{rang}", ""), "rang": rang}
                     for rang in range(LIGNES_VIDES)]
        nouvelles = [ligne for ligne in nouvelles if ligne["matricule"] or ligne["nom"]]
        assures = request.env["cnas.assure"].sudo()
        connus = assures._resoudre_matricules([assures._normaliser_matricule(ligne["matricule"]) for ligne in nouvelles if ligne["matricule"]])
        valeurs = []
        for ligne in nouvelles:
            matricule = ligne["matricule"] and assures._normaliser_matricule(ligne["matricule"])
            if not connus.get(matricule):
                raise UserError(_("Le matricule « %s » n'est pas connu : relisez-le, ou demandez d'abord l'affiliation du salarié.", ligne["matricule"]))
            valeurs.append({
                "declaration_id": declaration.id, "assure_id": connus[matricule], "matricule_declare": matricule, "nom_declare": ligne["nom"] or False,
                "salaire": lire_montant(ligne["salaire"], quoi=_("Salaire"), maximum=SALAIRE_MAX),
                "date_embauche": lire_date(ligne["embauche"], False, _("Date d'embauche")),
                "en_plus": lire_en_plus(f"n{ligne['rang']}")})
        if set(connus.values()) & set(declaration.ligne_ids.assure_id.ids) or len({v["assure_id"] for v in valeurs}) < len(valeurs):
            raise UserError(_("Ce salarié figure déjà dans la déclaration."))
        request.env["cnas.declaration_effectif.ligne"].sudo()._ajouter(valeurs)

    @staticmethod
    def _importer_classeur(declaration):
        """Remplace les lignes par celles d'un classeur, lu comme celui d'un agent : entier, ou rien."""
        declaration._exiger_brouillon()
        fichier = request.httprequest.files.get("classeur")
        contenu = fichier.read() if fichier and fichier.filename else b""
        if not contenu:
            raise UserError(_("Choisissez un classeur qui ne soit pas vide."))
        # un employeur ne cherche pas dans les assurés : la caisse lit pour lui, et ne lui en dit rien
        caisse = request.env["cnas.import_fichier"].with_user(SUPERUSER_ID)
        tableau = caisse.env["cnas.synonyme_colonne"]._lire(
            "declaration", contenu, CONTROLE.sub("", fichier.filename)[-100:], declaration.employeur_id, declaration.ligne_ids._colonnes_en_plus())
        lignes, erreurs = caisse._lire_salaries(tableau, declaration.periode)
        if erreurs:
            phrases = [_("Ligne %(rang)s : %(refus)s", rang=rang, refus=refus) for rang, refus in erreurs]
            raise UserError(_("Rien n'a été importé :\n%s", ecrire_debut(phrases, 20)))
        declaration._remplacer_lignes([vals for _rang, vals in lignes])
