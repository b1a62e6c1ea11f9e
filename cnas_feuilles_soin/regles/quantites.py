"""Quantités : combien, à quelle cadence, pour combien de temps ?"""
from datetime import timedelta

from ..liquidation.plafonds import compteurs_de_nombre
from .registre import constat, entier, liste, pourcentage, recul, regle


@regle("QTE-01", sur="lignes", abat=True)
def quantite_maximale(lot, lignes, valeur):
    """La quantité dépasse le maximum du référentiel."""
    for ligne in lignes:
        maximum = ligne.prestation.quantite_max
        if maximum and ligne.q > maximum:
            yield constat(ligne, ("quantite", maximum), max=maximum)


@regle("QTE-02", sur="lignes")
def quantite_invalide(lot, lignes, valeur):
    """Quantité nulle ou négative, prix négatif (l'import et la base les refusent déjà)."""
    for ligne in lignes:
        if ligne.quantite <= 0 or ligne.prix < 0:
            yield constat(ligne)


@regle("QTE-03", sur="lignes")
def frequence(lot, lignes, valeur):
    """Même code accepté pour la personne moins de N jours avant."""
    for ligne in lignes:
        minimum = ligne.prestation.frequence
        if not minimum:
            continue
        jour = ligne.feuille.date_soins
        if any(0 <= (jour - p.date).days < minimum for p in lot.historique.du_code(ligne.feuille, ligne.prestation.id)):
            yield constat(ligne)


@regle("QTE-04", sur="lignes", **{"delai_jours": recul, "delai_jours:*": recul, "categories": liste, "natures_exclues": liste})
def controle_gratuit(lot, lignes, valeur):
    """Consultation suivant de peu une consultation : même personne, même formation, même motif."""
    for ligne in lignes:
        feuille = ligne.feuille
        jour = feuille.date_soins
        if not feuille.pathologie_id or ligne.prestation.categorie not in (valeur("categories", jour) or ()):
            continue
        if feuille.nature in (valeur("natures_exclues", jour) or ()):
            continue
        delai = valeur(f"delai_jours:{feuille.type_formation}", jour)
        if delai is None:
            delai = valeur("delai_jours", jour)
        if delai is None:
            continue
        if any(passe.formation_id == feuille.formation_id and passe.pathologie_id == feuille.pathologie_id
               and passe.categorie == ligne.prestation.categorie and 0 < (jour - passe.date).days <= delai
               for passe in lot.historique.du_beneficiaire(feuille)):
            yield constat(ligne)


@regle("QTE-05", sur="lignes", abat=True, duree_max_aigue=entier, duree_max_chronique=entier)
def duree_de_traitement(lot, lignes, valeur):
    """La durée délivrée dépasse la durée maximale : la quantité est ramenée en proportion."""
    for ligne in lignes:
        if ligne.prestation.type != "medicament" or not (ligne.duree or ligne.posologie):
            continue
        feuille = ligne.feuille
        maximum = valeur("duree_max_" + ("chronique" if feuille.nature == "ald" else "aigue"), feuille.date_soins)
        duree = ligne.duree or -(-ligne.q // ligne.posologie)
        if maximum is not None and duree > maximum:
            quantite = ligne.posologie * maximum if ligne.posologie else ligne.quantite * maximum // duree
            if quantite < ligne.q:
                yield constat(ligne, ("quantite", quantite), n=maximum)


@regle("QTE-06", sur="lignes", seuil_restant=pourcentage)
def renouvellement_premature(lot, lignes, valeur):
    """Même DCI délivrée alors qu'une trop grande part de la délivrance précédente reste à courir."""
    for ligne in lignes:
        dci, feuille = ligne.prestation.dci, ligne.feuille
        if not dci:
            continue
        seuil = valeur("seuil_restant", feuille.date_soins)
        if seuil is None:
            continue
        for passe in lot.historique.du_beneficiaire(feuille):
            if passe.dci == dci and passe.duree and passe.date <= feuille.date_soins:
                reste = (passe.date + timedelta(days=passe.duree) - feuille.date_soins).days
                if reste * 100 > seuil * passe.duree:
                    yield constat(ligne)
                    break


@regle("QTE-07", sur="lignes", validite_ordonnance=entier, validite_chronique=entier)
def ordonnance_perimee(lot, lignes, valeur):
    """Le médicament est délivré trop longtemps après l'ordonnance."""
    for ligne in lignes:
        feuille = ligne.feuille
        if not feuille.date_ordonnance or ligne.prestation.type != "medicament":
            continue
        validite = valeur("validite_" + ("chronique" if feuille.nature == "ald" else "ordonnance"), feuille.date_soins)
        if validite is not None and (feuille.date_soins - feuille.date_ordonnance).days > validite:
            yield constat(ligne)


@regle("QTE-08", sur="lignes", abat=True, categories=liste)
def duree_hospitalisation(lot, lignes, valeur):
    """Plus de journées facturées, toutes lignes comprises, que de nuits passées (sortie non comptée, un jour au moins)."""
    restes = {}
    for ligne in lignes:
        feuille = ligne.feuille
        if feuille.type_soins != "hospitalisation" or not feuille.date_fin:
            continue
        if ligne.prestation.categorie not in (valeur("categories", feuille.date_soins) or ()):
            continue
        jours = max((feuille.date_fin - feuille.date_soins).days, 1)
        reste = restes.get(feuille.id, jours)
        restes[feuille.id] = max(reste - ligne.q, 0)
        if ligne.q > reste:
            yield constat(ligne, ("quantite", reste), n=jours)


@regle("QTE-09", sur="feuilles", max_cpn=entier, duree_grossesse=recul, categories=liste)
def nombre_de_cpn(lot, feuilles, valeur):
    """Plus de N consultations prénatales sur la durée d'une grossesse."""
    for feuille in feuilles:
        jour = feuille.date_soins
        categories = valeur("categories", jour) or ()
        lignes = [li for li in feuille.lignes if not li.rejet and li.prestation.categorie in categories]
        maximum = valeur("max_cpn", jour)
        if not lignes or maximum is None:
            continue
        duree = valeur("duree_grossesse", jour) or 0
        nombre = sum(1 for passe in lot.historique.du_beneficiaire(feuille)
                     if passe.categorie in categories and 0 <= (jour - passe.date).days < duree)
        for ligne in lignes:
            nombre += 1
            if nombre > maximum:
                yield constat(ligne)


@regle("QTE-10", sur="feuilles")
def nombre_maximal(lot, feuilles, valeur):
    """Le nombre maximal d'un plafond (feuille, bénéficiaire, famille) est atteint ; une ligne compte pour un."""
    for feuille in feuilles:
        vives = feuille.lignes_vives()
        comptes = compteurs_de_nombre(lot, feuille, vives, "feuille", "beneficiaire", "famille")
        for ligne in vives if comptes else ():
            vises = [c for c in comptes if c.vise(ligne)]
            atteint = next((c.plafond for c in vises if c.atteint(ligne)), None)
            if atteint:
                yield constat(ligne, categorie=atteint.categorie or "prestations")
            else:
                for compteur in vises:
                    compteur.prendre()
