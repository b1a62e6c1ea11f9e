"""Le contexte d'un lot : des objets légers, préchargés, que les règles lisent sans toucher la base.

Ajouter un fait : un nom dans les `__slots__` ci-dessous, une colonne du même nom dans `chargement.py`.
"""
from collections import defaultdict
from datetime import datetime

from odoo.addons.cnas_base.faits import Fait

# Rang d'une feuille acceptée sans être passée par ce contrôle (reprise de données) : avant toutes.
JAMAIS = datetime.min


class Ligne(Fait):
    """Une ligne de feuille : ce qui est facturé, puis ce que les règles en retiennent."""

    __slots__ = (
        # lu
        "id", "feuille_id", "prestation_id", "quantite", "prix", "facture", "revue_q", "revue_pu", "revue_rejet",
        "coefficient", "ticket_facture", "duree", "posologie", "acquis", "deja_retenue",
        # calculé au chargement
        "feuille", "prestation", "rang_ligne", "tarif", "taux", "hors_plafond",
        # tenu par le moteur
        "q", "pu", "rang", "limite", "points", "rejet", "abattue", "suspendue", "base", "part", "ticket",
        "depassement", "rejete", "entente_id", "franchise",
    )

    def demarrer(self):
        """Remet la ligne dans l'état d'avant les règles."""
        self.q = self.revue_q or self.quantite
        self.pu = self.revue_pu or self.prix
        self.rang = 100
        self.limite = None
        self.points = 0
        self.rejet = None
        self.abattue = self.q < self.quantite or self.pu < self.prix
        self.suspendue = False
        self.base = self.part = self.ticket = self.depassement = self.rejete = self.franchise = 0
        self.entente_id = None

    @property
    def decision(self):
        """Rend la décision de la ligne."""
        if self.rejet:
            return "rejetee"
        if self.suspendue:
            return "attente"
        return "abattue" if self.abattue else "acceptee"

    @property
    def tarif_retenu(self):
        """Le tarif à écrire : 0 s'il n'y en a pas."""
        return self.tarif or 0

    @property
    def taux_retenu(self):
        """Le taux en centièmes (0 s'il n'y en a pas), moins les points retirés par une règle."""
        return max((self.taux or 0) - self.points * 100, 0)


class Feuille(Fait):
    """Une feuille de soins du lot, avec son bénéficiaire, sa formation et ses droits."""

    __slots__ = (
        "id", "numero", "reference", "state", "formation_id", "assure_id", "personne", "date_soins", "date_fin",
        "date_depot", "pathologie_id", "praticien_id", "urgence", "type_soins", "mode", "nature", "total_declare",
        "entente_prevue_id",
        # champs facultatifs du contrôle
        "signature", "multi_beneficiaire", "numero_carnet", "date_naissance_declaree", "cause", "fiche_reference",
        "date_ordonnance", "nouveau_ne", "attestation_nouveau_ne", "numero_facture", "diagnostic_clair",
        "carte_perdue_le",
        # bénéficiaire
        "matricule", "genre", "naissance", "deces", "type_assure", "lien",
        # formation
        "niveau", "type_formation", "formation_code", "formation_nom",
        # pathologie
        "patho_sexe", "patho_age_min", "patho_age_max", "patho_maternite", "patho_ald",
        # praticien
        "praticien_radie_le", "praticien_qualification",
        # calculé au chargement ; place : (premier contrôle, clé), None si la feuille n'a pas encore pris rang
        "controle_initial", "cle", "place", "age", "empechement", "regime_id", "annee", "membres", "situation",
        "carence_mois", "affiliation", "regime_code", "lignes", "dossier_id", "annee_famille",
        # la famille au jour des soins, et le foyer qui se contrôle d'un seul tenant
        "principal_id", "famille_id", "foyer_id",
        # tenu par le moteur ; passees : les lignes acceptées qui lui sont opposables, figées le temps de son passage
        "passees", "rejet", "instance", "signalement", "visa_medical", "anomalies", "etat", "base", "part", "ticket", "depassement",
        "rejete", "etat_droits", "completude",
    )

    def demarrer(self):
        """Remet la feuille dans l'état d'avant les règles."""
        self.rejet = self.passees = None
        self.instance = self.signalement = self.visa_medical = False
        self.anomalies = []
        for ligne in self.lignes:
            ligne.demarrer()

    @property
    def fin(self):
        """Dernier jour des soins."""
        return self.date_fin or self.date_soins

    def lignes_vives(self):
        """Rend les lignes non rejetées."""
        return [ligne for ligne in self.lignes if not ligne.rejet]


class Passe(Fait):
    """Une ligne déjà acceptée, d'un autre dossier du bénéficiaire ou de sa famille."""

    __slots__ = (
        "feuille_id", "numero", "controle_initial", "assure_id", "personne", "famille_id", "formation_id", "formation_nom",
        "date", "fin", "mode", "type_soins", "pathologie_id", "praticien_id", "prestation_id", "prestation_code",
        "categorie", "dci", "technique", "quantite", "base", "part", "franchise", "hors_plafond", "duree", "regime_id",
    )

    @property
    def place(self):
        """Son rang : le premier contrôle de sa feuille, puis les soins et le numéro."""
        return self.controle_initial or JAMAIS, (self.date, self.numero or "", self.feuille_id)


def opposables(passees, feuille):
    """Rend celles de ces lignes qui ont été acceptées avant le premier contrôle de la feuille : toutes, si elle n'a pas encore pris rang."""
    return passees if feuille.place is None else [passe for passe in passees if passe.place < feuille.place]


class Historique:
    """Les lignes déjà acceptées, rangées par personne soignée ; le moteur y ajoute ce qu'il vient d'accepter."""

    def __init__(self):
        self.par_personne = defaultdict(list)
        self.par_famille = defaultdict(list)

    def ajouter(self, passe):
        """Range une ligne acceptée."""
        self.par_personne[passe.personne].append(passe)
        self.par_famille[passe.famille_id].append(passe)

    def part(self, feuille):
        """Rend la part CNAS de tout ce qui est gardé de la personne ou de sa famille : un plafond n'en a pas pris davantage."""
        return max(sum(p.part for p in passees) for passees in self._gardees(feuille))

    def nombre(self, feuille):
        """Rend combien de lignes sont gardées de la personne ou de sa famille."""
        return max(map(len, self._gardees(feuille)))

    def _gardees(self, feuille):
        return self.par_personne.get(feuille.personne, ()), self.par_famille.get(feuille.famille_id, ())

    def du_code(self, feuille, prestation_id):
        """Rend les lignes acceptées de ce code pour ce bénéficiaire, opposables à la feuille."""
        passees = opposables(self.par_personne.get(feuille.personne, ()), feuille)
        return [p for p in passees if p.prestation_id == prestation_id]

    def du_beneficiaire(self, feuille):
        """Rend toutes les lignes acceptées de ce bénéficiaire, opposables à la feuille."""
        if feuille.passees is None:
            feuille.passees = opposables(self.par_personne.get(feuille.personne, ()), feuille)
        return feuille.passees


class Tranche:
    """Tout ce que les règles d'une tranche peuvent lire : ses feuilles, leur passé, les référentiels."""

    def __init__(self, referentiel, regles, instant):
        self.referentiel = referentiel
        self.regles = {regle.code: regle for regle in regles}
        self.porteuses = {nom: regle for regle in regles for nom in regle.fonction.lecteurs}
        self.instant = instant
        self.historique = Historique()

    def __getattr__(self, nom):
        """Les tables du référentiel se lisent sur le lot, qui les retient : elles ne changent pas pendant un contrôle."""
        table = getattr(self.referentiel, nom)
        setattr(self, nom, table)
        return table

    def valeur(self, code, nom, jour):
        """Rend la valeur du paramètre d'une règle active pour des soins donnés ce jour, ou None."""
        regle = self.regles.get(code)
        return regle.valeur(nom, jour) if regle else None

    def reglage(self, nom, jour):
        """Rend ce paramètre de la règle active qui le porte, quelle qu'elle soit, pour des soins donnés ce jour, ou None."""
        porteuse = self.porteuses.get(nom)
        return porteuse.valeur(nom, jour) if porteuse else None

    def reduit(self, code, feuille):
        """Dit si cette règle, constatant un dépassement sur la feuille, la réduirait."""
        regle = self.regles.get(code)
        return bool(regle and regle.vise(feuille) and regle.severite_au(feuille.date_soins) == "abattement")

    def levee(self, code, ligne):
        """Dit si un humain a fait taire cette règle active sur la ligne."""
        return (ligne.feuille.id, ligne.id, self.regles[code].id) in self.levees

    def leve_sans_tarif(self, ligne):
        """Dit si un humain a fait taire, sur la ligne, la règle qui constate qu'elle n'a ni tarif ni taux."""
        return any(regle.fonction.sans_tarif and self.levee(code, ligne) for code, regle in self.regles.items())

    def imputer(self, entente_id, quantite, montant):
        """Compte ce qu'une ligne acceptée prend sur un accord."""
        deja_q, deja_m = self.imputes.get(entente_id, (0, 0))
        self.imputes[entente_id] = deja_q + quantite, deja_m + montant

    def facture_payee(self, feuille):
        """Dit si le numéro de facture de la formation, pour l'exercice, est déjà payé dans un autre dossier."""
        dossiers = self.factures_payees.get((feuille.formation_id, feuille.numero_facture, feuille.date_soins.year), ())
        return any(dossier != feuille.dossier_id for dossier in dossiers)
