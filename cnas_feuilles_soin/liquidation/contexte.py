"""Le contexte d'un lot : des objets légers, préchargés, que les règles lisent sans toucher la base."""
from bisect import bisect_right


class Prestation:
    """Une ligne du référentiel, spécialisation comprise ; coefficient en centièmes."""

    __slots__ = (
        "id", "code", "name", "type", "categorie", "niveau_min", "sexe", "age_min", "age_max", "quantite_max",
        "frequence", "entente", "unique_vie", "active", "type_soins", "technique", "remboursable", "dci", "dosage",
        "forme", "atc", "coefficient", "lettre", "mode_tarif",
    )

    def __init__(self, *valeurs):
        for nom, valeur in zip(self.__slots__, valeurs):
            setattr(self, nom, valeur)


class Ligne:
    """Une ligne de feuille : ce qui est facturé, puis ce que les règles en retiennent."""

    __slots__ = (
        # lu
        "id", "feuille", "prestation", "quantite", "prix", "facture", "revue_q", "revue_pu", "revue_rejet",
        "coefficient", "ticket_facture", "duree", "posologie", "rang_ligne", "tarif", "taux",
        # tenu par le moteur
        "q", "pu", "rang", "limite", "points", "rejet", "abattue", "suspendue", "base", "theorique", "part", "ticket",
        "depassement", "rejete", "entente_id",
        # en base, pour n'écrire que ce qui change
        "ancien",
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
        self.base = self.theorique = self.part = self.ticket = self.depassement = self.rejete = 0
        self.entente_id = None


class Feuille:
    """Une feuille de soins du lot, avec son bénéficiaire, sa formation et ses droits."""

    __slots__ = (
        "id", "numero", "reference", "state", "formation_id", "assure_id", "famille_id", "date_soins", "date_fin",
        "date_depot", "pathologie_id", "praticien_id", "urgence", "type_soins", "mode", "nature", "total_declare",
        "entente_prevue_id",
        # champs facultatifs du contrôle
        "signature", "multi_beneficiaire", "numero_carnet", "date_naissance_declaree", "cause", "fiche_reference",
        "date_ordonnance", "nouveau_ne", "attestation_nouveau_ne", "numero_facture", "diagnostic_clair",
        # bénéficiaire
        "matricule", "genre", "naissance", "deces", "type_assure", "lien", "principal_id",
        # formation
        "niveau", "type_formation", "formation_code", "formation_nom",
        # pathologie
        "patho_sexe", "patho_age_min", "patho_age_max", "patho_maternite", "patho_ald",
        # praticien
        "praticien_radie_le", "praticien_qualification",
        # calculé au chargement ; place : (premier contrôle, clé), None si la feuille n'a pas encore pris rang
        "cle", "place", "age", "droits_code", "regime_id", "annee", "situation", "carence_mois", "affiliation", "regime_code",
        "lignes",
        # tenu par le moteur
        "rejet", "instance", "signalement", "visa_medical", "anomalies", "etat",
        # en base, pour n'écrire que ce qui change
        "ancien",
    )

    def demarrer(self):
        """Remet la feuille dans l'état d'avant les règles."""
        self.rejet = None
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


class Passe:
    """Une ligne déjà acceptée, d'un autre dossier du bénéficiaire ou de sa famille."""

    __slots__ = (
        "feuille_id", "numero", "place", "assure_id", "famille_id", "formation_id", "formation_nom", "date",
        "fin", "mode", "type_soins", "pathologie_id", "praticien_id", "prestation_id", "categorie", "dci", "technique",
        "quantite", "base", "part", "theorique", "duree", "entente_id", "regime_id",
    )

    def __init__(self, *valeurs):
        for nom, valeur in zip(self.__slots__, valeurs):
            setattr(self, nom, valeur)

    def avant(self, feuille):
        """Dit si la ligne a été acceptée avant le premier contrôle de la feuille."""
        return feuille.place is None or self.place < feuille.place


class Historique:
    """Les lignes déjà acceptées, rangées par bénéficiaire ; le moteur y ajoute ce qu'il vient d'accepter."""

    def __init__(self):
        self.par_assure = {}
        self.par_prestation = {}
        self.par_famille = {}
        self.par_entente = {}

    def ajouter(self, passe):
        """Range une ligne acceptée."""
        self.par_assure.setdefault(passe.assure_id, []).append(passe)
        self.par_prestation.setdefault((passe.assure_id, passe.prestation_id), []).append(passe)
        self.par_famille.setdefault(passe.famille_id, []).append(passe)
        if passe.entente_id:
            self.par_entente.setdefault(passe.entente_id, []).append(passe)

    def du_code(self, feuille, prestation_id):
        """Rend les lignes acceptées de ce code pour ce bénéficiaire, opposables à la feuille."""
        return [p for p in self.par_prestation.get((feuille.assure_id, prestation_id), ()) if p.avant(feuille)]

    def du_beneficiaire(self, feuille):
        """Rend toutes les lignes acceptées de ce bénéficiaire, opposables à la feuille."""
        return [p for p in self.par_assure.get(feuille.assure_id, ()) if p.avant(feuille)]


class Periodes:
    """Des valeurs datées pour une clé : cherche celle en vigueur un jour donné."""

    __slots__ = ("debuts", "fins", "valeurs")

    def __init__(self, lignes):
        """:param lignes: [(début, fin ou None, valeur)]"""
        lignes = sorted(lignes, key=lambda ligne: ligne[0])
        self.debuts = [ligne[0] for ligne in lignes]
        self.fins = [ligne[1] for ligne in lignes]
        self.valeurs = [ligne[2] for ligne in lignes]

    def au(self, jour):
        """Rend la valeur en vigueur ce jour, ou None."""
        i = bisect_right(self.debuts, jour) - 1
        if i < 0 or (self.fins[i] is not None and self.fins[i] < jour):
            return None
        return self.valeurs[i]


class Lot:
    """Tout ce que les règles d'une tranche peuvent lire : ses feuilles, leur passé, les référentiels."""

    def __init__(self, referentiel, codes_actifs, instant):
        self.referentiel = referentiel
        self.instant = instant
        self.codes_actifs = frozenset(codes_actifs)
        self.historique = Historique()
        self.feuilles = []
        self.ententes = {}
        self.entente_par_id = {}
        self.pieces_vues = {}
        self.pieces_jointes = {}
        self.factures_payees = set()
        self.levees = frozenset()
        self.anciennes = {}
        for table in ("carnets", "agrements", "incompatibilites", "inclusions", "indications", "contre_indications",
                      "gratuites", "prix_reference", "exigences"):
            setattr(self, table, getattr(referentiel, table))

    def au_panier(self, feuille, prestation):
        """Dit si la prestation est au panier du régime à la date des soins."""
        return self.referentiel.au_panier(feuille.regime_id, prestation, feuille.date_soins)

    def plafonds_de(self, feuille):
        """Rend les plafonds en vigueur pour la feuille."""
        return self.referentiel.plafonds_de(feuille.regime_id, feuille.type_soins, feuille.date_soins)

    def code_de(self, prestation_id):
        """Rend le code d'une prestation."""
        return self.referentiel.codes.get(prestation_id, "")

    def entente(self, entente_id):
        """Rend un accord préalable."""
        return self.entente_par_id[entente_id]

    def impute(self, entente_id):
        """Rend (quantité, montant) déjà imputés sur un accord."""
        passees = self.historique.par_entente.get(entente_id, ())
        return sum(p.quantite for p in passees), sum(p.base for p in passees)

    def facture_payee(self, feuille):
        """Dit si le numéro de facture de la formation, pour l'exercice, est déjà payé dans un autre dossier."""
        return (feuille.formation_id, feuille.numero_facture, feuille.date_soins.year) in self.factures_payees
