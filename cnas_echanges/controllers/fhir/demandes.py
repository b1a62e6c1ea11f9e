"""Demander et savoir : `importer` derrière `Claim`, ce que la caisse a décidé derrière `ClaimResponse`."""
from collections import defaultdict

from odoo import _
from odoo.exceptions import UserError

from ...fhir import demande, reponse
from ...fhir.demande import PREFIXE_ENTENTE
from ...fhir.elements import version
from ...fhir.erreur import Faute, FhirErreur
from .ressource import DOSSIERS, Ressource, entier, intervalle, jeton, visee

USAGES = ("claim", "preauthorization")


class Claim(Ressource):
    """Une feuille de soins (`use` = claim) ou une demande d'entente (`use` = preauthorization).

    Une liste porte un seul usage, `claim` à défaut. Envoyer deux fois la même référence et le même contenu ne crée rien.
    """

    type = "Claim"
    groupes = DOSSIERS
    interactions = ("read", "search-type", "create", "update")
    soumet = True
    parametres = {
        "_id": ("token", "Identifiant"), "identifier": ("token", "Référence de la formation, ou numéro de dossier"),
        "use": ("token", "claim (à défaut) ou preauthorization"), "patient": ("reference", "Le bénéficiaire"),
        "provider": ("reference", "La formation"), "created": ("date", "Jour du dépôt"), "_lastUpdated": ("date", "Dernier changement")}
    jour_depot = {"cnas.feuille_soin": ("date_depot", True), "cnas.entente_prealable": ("date_demande", False)}

    # ------------------------------------------------------------------ lire
    def lire(self, identifiant):
        ressource, identifiant = self._selon(identifiant)
        return Ressource.lire(ressource, identifiant)

    def chercher(self, criteres, decalage, nombre):
        usage = next((jeton(valeur) for nom, valeur in criteres if nom == "use"), USAGES[0])
        ids = [valeur for nom, valeur in criteres if nom in ("_id", "request") and PREFIXE_ENTENTE in valeur]
        if usage not in USAGES:
            raise FhirErreur(_("« use » vaut « claim » ou « preauthorization »."), 400, "value")
        voulue = self.entente() if usage == USAGES[1] or ids else self
        return Ressource.chercher(voulue, [(nom, valeur) for nom, valeur in criteres if nom != "use"], decalage, nombre)

    modele = "cnas.feuille_soin"

    def entente(self):
        """Rend la même ressource, sur les ententes."""
        return ClaimEntente(self.env)

    def mur(self):
        return [("state", "!=", "brouillon")]

    def critere(self, nom, valeur):
        if nom == "identifier":
            return ["|", ("reference", "=", jeton(valeur)), ("numero", "=", jeton(valeur))]
        if nom == "patient":
            assures = self.env["cnas.assure"].sudo()
            matricule = visee(valeur, "Patient")
            return [("assure_id", "=", assures._resoudre_matricules([matricule]).get(matricule) or 0)]
        if nom == "provider":
            return [("formation_id.code", "=", visee(valeur, "Organization"))]
        if nom == "request":
            return self._domaine_id(visee(valeur, "Claim").removeprefix(PREFIXE_ENTENTE))
        if nom == "created":
            champ, jour = self.jour_depot[self.modele]
            return intervalle(champ, valeur, jour)
        return super().critere(nom, valeur)

    def ecrire(self, objets):
        diagnostics = self._diagnostics(objets)
        dossiers = objets.sudo()
        dossiers.ligne_ids.prestation_id.mapped("name")
        return [demande.ecrire_feuille(feuille, diagnostics.get(feuille.id)) for feuille in dossiers]

    def _diagnostics(self, objets):
        """Rend {id: (code, nom)} de ceux que l'usager peut lire ; la lecture laisse sa trace."""
        if not objets or not self.env["cnas.feuille_soin"]._peut_lire_diagnostic():
            return {}
        lues = {rang["id"]: rang["pathologie_id"] and rang["pathologie_id"][0] for rang in objets.read(["pathologie_id"])}
        noms = {p.id: (p.code, p.name) for p in self.env["cnas.pathologie"].sudo().browse([i for i in lues.values() if i])}
        return {identifiant: noms[pathologie] for identifiant, pathologie in lues.items() if pathologie}

    # ------------------------------------------------------------------ écrire
    def creer(self, ressource):
        return self.creer_ensemble([ressource])[0]

    def creer_ensemble(self, ressources, places=()):
        """Dépose des demandes, les feuilles d'un seul envoi ; rend [(ressource, nouvelle)].

        :param places: leurs rangs dans le paquet reçu, que disent les refus
        :raise FhirErreur: une seule refusée : rien ne doit en rester, l'appelant annule
        """
        resultats, feuilles, rangs = [None] * len(ressources), [], []
        for rang, ressource in enumerate(ressources):
            if demande.usage(ressource) == "preauthorization":
                resultats[rang] = self._demander_entente(ressource)
                continue
            feuille, passage = demande.lire_feuille(ressource)
            if passage:
                self.env["cnas.passage"]._confirmer_du_logiciel(feuille, passage)
            feuilles.append(demande.pieces_a_importer(feuille))
            rangs.append(rang)
        lieux = [f"Bundle.entry[{places[rang]}].resource" if places else "Claim" for rang in rangs]
        for rang, resultat in zip(rangs, self._deposer(feuilles, lieux)):
            resultats[rang] = resultat
        return resultats

    def soumettre(self, ressource):
        depose, _nouvelle = self.creer(ressource)
        return ClaimResponse(self.env).lire(depose["id"])

    def remplacer(self, identifiant, ressource, attendue):
        """Annule une demande dont le contrôle n'a pas commencé (`status` = cancelled) : rien d'autre ne se change."""
        voulue, numero = self._selon(identifiant)
        if voulue is not self:
            raise FhirErreur(_("Une demande d'entente ne se change pas : écrivez à la CNAS."), 405, "not-supported")
        feuille = self._permis(self._domaine_id(numero), 1)
        if not feuille:
            raise FhirErreur(_("Aucune ressource « %(type)s/%(id)s ».", type=self.type, id=identifiant), 404, "not-found")
        if ressource.get("resourceType") != self.type or ressource.get("status") != "cancelled":
            raise FhirErreur(_("Une demande déposée ne se change pas : annulez-la (« status » : « cancelled ») et renvoyez-la."), 422, "business-rule")
        if attendue is not None and attendue != version(feuille.sudo().write_date):
            raise FhirErreur(_("La demande a changé depuis votre lecture : relisez-la."), 412, "conflict")
        feuille.action_retirer(_("Annulée par le logiciel de la formation"))
        feuille.flush_recordset()
        return self.ecrire(feuille)[0]

    # ------------------------------------------------------------------ privé
    def _selon(self, identifiant):
        if identifiant.startswith(PREFIXE_ENTENTE):
            return self.entente(), identifiant[len(PREFIXE_ENTENTE):]
        return self, identifiant

    def _deposer(self, feuilles, lieux):
        if not feuilles:
            return []
        modele = self.env["cnas.feuille_soin"]
        connues = set(modele.search([("reference", "in", [feuille["reference"] for feuille in feuilles])]).ids)
        recus = modele.importer(feuilles)
        refus = [Faute(phrase, lieu, "processing") for lieu, recu in zip(lieux, recus) for phrase in recu["erreurs"] if not recu["id"]]
        if refus:
            raise FhirErreur(refus[:100], 422)
        deposees = modele.browse([recu["id"] for recu in recus])
        ecrites = dict(zip(deposees.ids, self.ecrire(deposees)))
        return [(ecrites[recu["id"]], recu["id"] not in connues) for recu in recus]

    def _demander_entente(self, ressource):
        lue, code, photos, logiciel = demande.lire_entente(ressource)
        ententes = self.env["cnas.entente_prealable"]
        formation = self._formation(code)
        deja = ententes.sudo().search([("formation_id", "=", formation.id), ("reference_logiciel", "=", logiciel)], limit=1)
        if deja:
            if not deja._est_celle(lue):
                raise FhirErreur(_("La référence « %(reference)s » est déjà celle de la demande %(numero)s, d'un autre contenu.",
                                   reference=logiciel, numero=deja.numero), 422, "duplicate")
            return ClaimEntente(self.env).ecrire(ententes.browse(deja.id))[0], False
        entente = ententes._demander(formation, lue, photos)
        entente.sudo()._ecrire({"reference_logiciel": logiciel}, suivi=False)
        return ClaimEntente(self.env).ecrire(ententes.browse(entente.id))[0], True

    def _formation(self, code):
        """Rend la formation de ce code, parmi celles de l'usager s'il vient d'une formation."""
        feuilles = self.env["cnas.feuille_soin"]
        trouvee = feuilles._formations_permises({code.upper()}).get(code.upper())
        if not trouvee:
            raise FhirErreur(feuilles._phrase_formation(code), 422, "not-found")
        return self.env["cnas.formation_sanitaire"].sudo().browse(trouvee)


class ClaimEntente(Claim):
    """Les demandes d'entente, sous le même type."""

    modele = "cnas.entente_prealable"

    def entente(self):
        return self

    def mur(self):
        return []

    def critere(self, nom, valeur):
        if nom == "identifier":
            return ["|", ("numero", "=", jeton(valeur)), ("reference_logiciel", "=", jeton(valeur))]
        return super().critere(nom, valeur)

    def _domaine_id(self, identifiant):
        return [("id", "=", entier(identifiant.removeprefix(PREFIXE_ENTENTE)))]

    def ecrire(self, objets):
        diagnostics = self._diagnostics(objets)
        justifications = {r["id"]: r["justification"] for r in objets.read(["justification"])} if objets._voit_le_medical() else {}
        return [demande.ecrire_entente(entente, diagnostics.get(entente.id), justifications.get(entente.id)) for entente in objets.sudo()]


class ClaimResponse(Claim):
    """Ce que la caisse a décidé : chaque ligne, chaque montant, chaque motif."""

    type = "ClaimResponse"
    interactions = ("read", "search-type")
    soumet = False
    parametres = {nom: Claim.parametres[nom] for nom in ("_id", "identifier", "use", "patient", "created", "_lastUpdated")} | {
        "request": ("reference", "La demande")}

    def entente(self):
        return ClaimResponseEntente(self.env)

    def creer(self, ressource):
        return Ressource.creer(self, ressource)

    def soumettre(self, ressource):
        return Ressource.soumettre(self, ressource)

    def remplacer(self, identifiant, ressource, attendue):
        return Ressource.remplacer(self, identifiant, ressource, attendue)

    def ecrire(self, objets):
        dossiers = objets.sudo()
        etats = dict(dossiers._fields["state"]._description_selection(self.env))
        motifs = defaultdict(lambda: defaultdict(list))
        for anomalie in dossiers.anomalie_ids.filtered(lambda a: a.state == "ouverte"):
            motifs[anomalie.feuille_id.id][anomalie.ligne_id.id or False].append((anomalie.regle_id.code, anomalie.message))
        return [reponse.ecrire_reponse(feuille, etats[feuille.state], motifs[feuille.id], self._paiement(feuille)) for feuille in dossiers]

    @staticmethod
    def _paiement(feuille):
        if feuille.state != "payee":
            return None
        ordres = feuille.facture_id.ordre_ids.filtered(lambda o: o.state == "paye")
        return (ordres[:1].date_paiement, ordres[:1].reference_paiement)


class ClaimResponseEntente(ClaimEntente, ClaimResponse):
    """La réponse à une demande d'entente."""

    def entente(self):
        return self

    def ecrire(self, objets):
        dossiers = objets.sudo()
        etats = dict(dossiers._fields["state"]._description_selection(self.env))
        return [reponse.ecrire_reponse_entente(entente, etats[entente.state]) for entente in dossiers]


def phrase(erreur):
    """Rend la phrase d'un refus d'Odoo."""
    return str(erreur.args[0]) if isinstance(erreur, UserError) and erreur.args else str(erreur)
