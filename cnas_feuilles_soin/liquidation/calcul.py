"""Le calcul d'une ligne, en entiers, lisible d'un trait. Rien ici ne connaît Odoo ni la base.

    q      = quantité retenue                    (règles QTE, ENT ; révision humaine, que les règles coupent aussi)
    pu     = min(prix facturé, tarif)            (règles TAR ; révision humaine)
    base   = arrondi(pu × q × rang / 100)        (acte multiple : rang 100, 50 ou 0), au plus la limite accordée
    part   = arrondi(base × taux / 100)          puis plafonds PLF
    ticket = base − part
    dépassement = facturé − base
    ligne rejetée : rejeté = facturé, tout le reste à 0

Le taux est porté en centièmes de pour cent (80 % = 8000) : aucun flottant.
"""
CENT_POUR_CENT = 10_000


def arrondi(numerateur, denominateur):
    """Rend numerateur / denominateur arrondi au franc, demi supérieur (entiers positifs)."""
    return (2 * numerateur + denominateur) // (2 * denominateur)


def base(ligne):
    """Rend la base de la ligne dans son état courant (quantité, prix, rang, limite)."""
    montant = ligne.pu * ligne.q
    if ligne.rang != 100:
        montant = arrondi(montant * ligne.rang, 100)
    if ligne.limite is not None and ligne.limite < montant:
        montant = ligne.limite
    return montant


def part(montant_base, taux):
    """Rend la part CNAS d'une base, pour un taux en centièmes de pour cent."""
    return arrondi(montant_base * taux, CENT_POUR_CENT)


def etablir(ligne):
    """Fixe la base et la part théorique d'une ligne retenue, avant plafonds."""
    ligne.base = base(ligne)
    ligne.part = part(ligne.base, ligne.taux_retenu)


def arreter(ligne):
    """Fixe les montants définitifs de la ligne ; la part a déjà subi les plafonds."""
    if ligne.rejet:
        ligne.q = ligne.base = ligne.part = ligne.ticket = ligne.depassement = ligne.franchise = 0
        ligne.rejete = ligne.facture
        return
    ligne.ticket = ligne.base - ligne.part
    ligne.depassement = ligne.facture - ligne.base
    ligne.rejete = 0
